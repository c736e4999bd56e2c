"""Scores per class: samples of each class beside the real data of that class alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.files.rows import some
from genbench.geometry.comparison import Comparison
from genbench.scoring.scores import Compared, Scores, scored

FEWEST = 2  # rows of a class on either side

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class OfClass:
    """What was computed of one class.

    Args:
        label: the class.
        n: samples of it.
        reference_n: real rows of it.
        found: the scores, and what is missing.
    """

    label: int
    n: int
    reference_n: int
    found: Scores


def labels_of(compared: Compared, real: Labels | None, generated: Labels | None) -> tuple[Labels, Labels, str]:
    """The classes of both sides, and where they come from in words; what is not known is predicted.

    Raises:
        Unavailable: it is not known, and the extractor names no classes.
    """
    if real is not None and generated is not None:
        return real, generated, "as given"
    predicted = compared.comparison.labels
    name = (compared.identity or "").partition("/")[0]
    which = "both sides" if real is None and generated is None else "samples" if generated is None else "reference"
    chosen = [given if given is not None else guess for given, guess in zip((real, generated), predicted, strict=True)]
    return chosen[0], chosen[1], f"of {which} predicted by {name}"


def per_class(
    metrics: Mapping[str, type[Metric]], evidence: Evidence, compared: Compared, real: Labels, generated: Labels
) -> Iterator[OfClass]:
    """The scores of each class that both sides have, in the order of the classes.

    Args:
        metrics: name → class; those that ask for other data than both sides give say so.
        evidence: of all samples.
        compared: all of both sides.
        real, generated: the classes of S [N] and of G [M].
    """
    whole = compared.comparison
    for label in sorted({*real.tolist(), *generated.tolist()}):
        ours, theirs = np.flatnonzero(generated == label), np.flatnonzero(real == label)
        if min(len(ours), len(theirs)) < FEWEST:
            yield OfClass(label, len(ours), len(theirs), Scores({}, {}))
            continue
        comparison = Comparison(whole.real[theirs], whole.generated[ours], device=whole.reference.device)
        part = Compared(comparison, compared.identity, f"{compared.reference}/class {label}", compared.embed)
        rows = replace(evidence, samples=some(evidence.samples, ours))
        yield OfClass(label, len(ours), len(theirs), _scored(metrics, rows, part))


def _scored(metrics: Mapping[str, type[Metric]], evidence: Evidence, compared: Compared) -> Scores:
    return scored(metrics, metrics, evidence, lambda extractor: compared)
