"""Path energy: whether a path from one sample to another is short and even, as its features see it."""

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def squared_steps(path: NDArray[np.float32]) -> NDArray[np.float64]:
    """Σ_i ‖f_{i+1} - f_i‖² over the steps of each path [Q, n + 1, d], [Q] in squared feature units."""
    steps = np.diff(path.astype(np.float64), axis=1)
    total: NDArray[np.float64] = np.square(steps).sum((1, 2))
    return total


def path_energy(squared: NDArray[np.float64], chord: NDArray[np.float64], n: int) -> float:
    """Energy of paths as a multiple of that of the even straight ones, n ΣΣ‖Δ‖² / Σ‖f(b) - f(a)‖², over all questions.

    By the inequality of Cauchy and Schwarz no path that ends at a and b is below 1. One that is there in a single step
    has n, whatever its ends are. The sums are taken over the questions before they are divided: each path's own ratio
    counts by the squared distance of its ends, so that two ends that happen to be alike do not drown all others, as in
    a mean of ratios they would, and a bad minority of paths is not passed over, as by a median it would be.

    Args:
        squared: `squared_steps` of each path, [Q].
        chord: ‖f(b) - f(a)‖², [Q].
        n: steps of a path.
    Raises:
        Unavailable: every question has equal features at both ends.
    """
    if not chord.sum() > 0:
        raise Unavailable("the extractor sees no difference between the two ends of any question")
    return float(n * squared.sum() / chord.sum())


class PathEnergy(Metric):
    """n ΣΣ‖f(x_{i+1}) - f(x_i)‖² / Σ‖f(b) - f(a)‖² of n steps in features: 1 is straight and even, n a single jump.

    A path is taken to begin at the question's own a and to end at its b, whatever it shows there, so that one that
    never gets there pays for it at its first and last step. Details: `median` of the paths' own ratios, `alike`, how
    many questions have equal features at both ends and no ratio of their own.
    """

    name = "path-energy"
    title = "Path energy"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = ""
    source = "Shao, Kumar and Fletcher 2018, the energy of a discrete curve, https://arxiv.org/abs/1711.08014"
    version = "1"
    uses_features = True
    reads = frozenset({"a", "b"})

    def score(self, evidence: Evidence) -> Score:
        """The energy, at least 1.

        Raises:
            Unavailable: the task asks for no paths, or the extractor sees no difference between their ends.
        """
        questions, answers, embed = evidence.questions or {}, evidence.answers, evidence.embed
        if not self.reads <= questions.keys() or answers is None or embed is None:
            raise Unavailable("needs paths between two samples, and an extractor")
        n = answers.shape[1] - 1
        frames = [questions["a"], *(answers[:, i] for i in range(1, n)), questions["b"]]
        squared, first = np.zeros(len(answers)), embed(frames[0])
        before = first
        for frame in frames[1:]:  # two frames' features at a time
            after = embed(frame)
            squared += squared_steps(np.stack([before, after], axis=1))
            before = after
        chord = squared_steps(np.stack([first, before], axis=1))
        energy, apart = path_energy(squared, chord, n), chord > 0
        details = {"median": float(np.median(n * squared[apart] / chord[apart])), "alike": float((~apart).sum())}
        return Score(energy, details=details)
