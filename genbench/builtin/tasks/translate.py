"""translate: show a sample as another domain would have it, and leave it what it is."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import rankdata
from torch import Tensor

from genbench.builtin.metrics.class_answers import HELD, TEST
from genbench.builtin.metrics.end_rmse import rmse
from genbench.builtin.metrics.translations import Translations, translated
from genbench.builtin.tasks.classify import p_of_lower
from genbench.contracts.answers import Translator
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import RowsOf
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import Unsuitable
from genbench.files.picture import drawn
from genbench.records.space import Space
from genbench.store.tensors import kept

DOMAINS = 2
NEEDED = frozenset({"class", "pair"})  # what has to be known of each row
KNOWN = 2_500  # training rows of each domain in the key
THERE = 0.5  # share of answers in the domain that was asked for, at least
MOVED = 0.25  # RMSE of the answers to the questions, at least, as a share of that of the pairs
NEAR, COPIED = 0.01, 0.05  # the quantile of the pairs' distances to training rows; share of answers nearer than that
FEWEST = 8  # of them at least, since few questions tell little
P = 0.001  # the level of the gate `table`


class Translate(Task):
    """Test rows of each of two domains in the other one: of the same class, like real rows of that domain, fast.

    The domains are the two classes of the Space. A model was trained on unpaired rows; what a row is (its `class`) and
    the same row in the other domain (its `pair`) are known to the harness alone. Half of the questions are rows of
    `held`, which no plugin has seen. Three gates. `domain` bars who stays: fewer than half of the answers are taken for
    the domain that was asked for, by logistic regression on entries, or they differ from the questions by less than a
    quarter of what the pairs do (RMSE): a straight line is crossed by a nudge. `copies` bars who looks answers up: more
    than 5 % of them are nearer to a training row of that domain than 99 % of the true pairs are. `table` bars who knows
    pairs of the test set: the squared errors to the pairs, or their ranks, are lower on test than on held by more than
    chance, p ≤ .001 for both tests together, by random orders. An exact answer is no sign of it: a change that is a
    function can be learnt.
    """

    name = "translate"
    version = "1"
    source = "Zhu, Park, Isola and Efros 2017, https://arxiv.org/abs/1703.10593"
    meaning = (
        "A candidate is shown test samples of each of two domains and shows each as the other domain would have it, "
        "having learnt from samples that were never paired. A good answer is still of its class, which no model is "
        "told (class kept), and at home in the other domain (KID to the target): either is cheap without the other. "
        "It does not mean that the answer is the same thing in all that is no class: the RMSE to the true pair says "
        "more, and is shown, for a blurred mean has less of it. The changes between these domains are functions of a "
        "few lines: what is asked is who finds them unpaired."
    )
    needs = Translator
    axes = ("fidelity", "realism", "speed")
    gates = ("domain", "copies", "table")
    controls = ("true-pair", "pair-table", "nearest-target", "identity")

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """`x` [count, *shape] and the `domain` [count] to go to; each split and direction has a quarter of them.

        The key has the `pair`, the `class` and the `split` of each; `known` training rows, at most 2,500 of each
        domain, with their domains and classes; the domains of all test rows.

        Raises:
            Unsuitable: no two domains, nothing known of the rows, or fewer of a kind than are asked about.
        """
        _check(splits)
        parts: list[Examples] = []
        where: list[tuple[int, int]] = []  # domain and split of each question
        for i, (split, domain) in enumerate(product((TEST, HELD), range(DOMAINS))):
            source, wanted = splits.test if split == TEST else splits.held, (count + 3 - i) // 4
            rows = np.flatnonzero(source.y != domain)
            if len(rows) < wanted:
                raise Unsuitable(f"asks about each row once, and of a domain there are {len(rows)}, not {wanted}")
            parts.append(source.rows(rng.permutation(rows)[:wanted]))
            where += [(domain, split)] * wanted
        order = rng.permutation(count)
        domains, came = np.array(where)[order].T
        asked = {name: np.concatenate([part.attributes[name] for part in parts])[order] for name in NEEDED}
        x = np.concatenate([part.x for part in parts])[order]
        own = np.concatenate([np.flatnonzero(splits.train.y == domain)[:KNOWN] for domain in range(DOMAINS)])
        known = splits.train.rows(own)
        train = {"known": known.x, "known_domain": known.y, "known_class": known.attributes["class"]}
        return Exam({"x": x, "domain": domains}, asked | {"split": came, "test_domain": splits.test.y} | train)

    def ask(self, able: Translator, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """[n, *shape], int64, or float32 where entries are real numbers."""
        x = questions["x"]
        return able.translate(x.float() if space.levels is None else x.long(), questions["domain"])

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """A sample of the Space for each question, [n, *shape]."""
        return kept(answers, (len(questions["x"]), *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any]:
        """The answers, of both domains: scores that look at all of them together do not see who stayed where it was."""
        return answers

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """`domain`, `copies`, `table`."""
        found = translated(exam.questions, exam.key, answers)
        out = _stayed(found)
        near = near_share(found)
        if near > max(COPIED, FEWEST / len(answers)):
            words = f"{near:.0%} of its answers are nearer to a training row than {1 - NEAR:.0%} of the true pairs are"
            out["copies"] = f"it looks answers up: {words}; at most {COPIED:.0%} are ranked"
        return out | _table(found, exam.key["split"])

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, str]:
        """`strips`: the first questions of each direction, uncurated, and below each its answer."""
        columns, rows = 10, []
        for domain in range(DOMAINS):
            first = np.flatnonzero(questions["domain"] != domain)[:columns]
            for x in (questions["x"], answers):
                row = np.zeros((columns, *space.shape), x.dtype)
                row[: len(first)] = x[first]
                rows.append(row)
        picture = drawn(np.concatenate(rows), columns, space.levels)
        return {} if picture is None else {"strips": picture}


def near_share(found: Translations) -> float:
    """Share of the answers that are as near to a training row of their domain as the nearest 1 % of the pairs are."""
    near = 0
    for domain in np.unique(found.domain):
        rows = found.known[found.known_domain == domain]
        answers, pairs = (_nearest(x[found.domain == domain], rows) for x in (found.answers, found.pair))
        near += int((answers <= np.quantile(pairs, NEAR, method="lower")).sum())
    return near / len(found.answers)


def _nearest(x: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.float64]:
    """The Euclidean distance of each sample [n, *shape] to the nearest of rows [M, *shape]."""
    flat = (each.reshape(len(each), -1).astype(np.float64) for each in (x, rows))
    nearest: NDArray[np.float64] = cdist(*flat).min(1)
    return nearest


def _stayed(found: Translations) -> dict[str, str]:
    there = float((found.domains_of(found.answers)[0] == found.domain).mean())
    if there < THERE:
        words = f"it stays where it was: {there:.0%} of its answers are taken for the domain that was asked for"
        return {"domain": f"{words}; at least {THERE:.0%} are ranked"}
    moved, whole = rmse(found.answers, found.x), rmse(found.pair, found.x)
    if moved < MOVED * whole:
        share = moved / whole
        words = f"it stays where it was: its answers differ from the questions by {share:.0%} of what the pairs do"
        return {"domain": f"{words} (RMSE); at least {MOVED:.0%} is ranked"}
    return {}


def _table(found: Translations, split: NDArray[np.int64]) -> dict[str, str]:
    errors = np.square(found.answers.astype(np.float64) - found.pair).reshape(len(split), -1).mean(1)
    ranks = rankdata(errors)
    p = 2 * min(p_of_lower(of[split == TEST], of[split == HELD]) for of in (errors, ranks))
    if p > P:
        return {}
    test, held = (np.sqrt(errors[split == which].mean()) for which in (TEST, HELD))
    words = "it comes nearer to the pairs of test rows than to those of rows that no plugin has seen"
    return {"table": f"{words}: an RMSE of {test:.3g} and {held:.3g}, p = {p:.1g} by chance"}


def _check(splits: Splits) -> None:
    if splits.space.classes != DOMAINS:
        raise Unsuitable(f"needs two domains, which are the two classes of the Space, got {splits.space}")
    for name in ("train", "test", "held"):
        if not {*getattr(splits, name).attributes} >= NEEDED:
            raise Unsuitable(f"needs data of which the class and the pair of each row are known; {name} has none")
