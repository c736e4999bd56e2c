"""Checks: simple laws on which everybody can say what a score of quality or coverage should be.

They are those of Räisä, van Breugel and van der Schaar 2025, Position: all current generative fidelity and diversity
metrics are flawed, https://arxiv.org/abs/2505.22450, with the criteria that the authors published. Three things differ:
scores see the vectors as they are, not standardised; an outlier takes the place of a vector, so that sets stay
equally large; and the modes of `modes-dropped-invented` are other ones.
"""

from collections.abc import Iterator

from genbench.conformance.sanity.check import Check
from genbench.conformance.sanity.normals import of_modes, of_normals
from genbench.conformance.sanity.shapes import of_scales, of_shapes


def checks(points: int, largest: int) -> Iterator[Check]:
    """All checks.

    Args:
        points: of a curve, odd; the authors take 51, and 20 where sizes or scales vary.
        largest: vectors of the largest sets; the authors take 10,000.
    """
    yield from of_normals(points)
    yield from of_modes(points)
    yield from of_shapes(points, largest)
    yield from of_scales(points)
