"""Translations: samples shown in another domain, and all that is known of them; what scores of them share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.multinomial import fitted
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable

READS = frozenset({"domain", "pair", "class", "split", "known", "known_domain", "known_class"})  # of an exam

Labels = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Translations:
    """What was asked, said and known.

    Args:
        x: the samples that were shown, [Q, *shape].
        answers: what became of them, [Q, *shape].
        domain: where they were to go, [Q].
        pair: the held-out row in that domain that each is, [Q, *shape].
        label: the class of each, which no model was told, [Q].
        known: rows of train, of both domains: [M, *shape], with their own domains and classes.
    """

    x: NDArray[Any]
    answers: NDArray[Any]
    domain: Labels
    pair: NDArray[Any]
    label: Labels
    known: NDArray[Any]
    known_domain: Labels
    known_label: Labels

    def classes_of(self, *samples: NDArray[Any]) -> list[Labels]:
        """The classes of samples [n, *shape] each, by a regression on the known rows of both domains."""
        return called(self.known, self.known_label, *samples)

    def domains_of(self, *samples: NDArray[Any]) -> list[Labels]:
        """The domains of samples [n, *shape] each, by another one."""
        return called(self.known, self.known_domain, *samples)


def called(known: NDArray[Any], y: Labels, *samples: NDArray[Any]) -> list[Labels]:
    """What a multinomial logistic regression of y [M] on entries of known rows calls further samples, [n] of each."""
    flat = [x.reshape(len(x), -1).astype(np.float64) for x in (known, *samples)]
    law = fitted(flat[0], y, int(y.max()) + 1)
    return [law.log_p(x).argmax(1) for x in flat[1:]]


def translated(questions: Arrays, key: Arrays, answers: NDArray[Any]) -> Translations:
    """The translations of an exam."""
    known = key["known"], key["known_domain"], key["known_class"]
    return Translations(questions["x"], answers, questions["domain"], key["pair"], key["class"], *known)


def translations(evidence: Evidence) -> Translations:
    """The evidence's.

    Raises:
        Unavailable: it has none.
    """
    questions, key, answers = evidence.questions or {}, evidence.key or {}, evidence.answers
    if not {*questions, *key} >= READS or answers is None:
        raise Unavailable("needs samples in another domain")
    return translated(questions, key, answers)
