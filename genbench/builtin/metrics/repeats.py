"""Repeats: what a score of balls tells of vectors that stand so often in a set that their balls have no extent."""

from collections.abc import Mapping

from genbench.geometry.reference import Within

SHOWN: Mapping[str, str] = {"balls of radius 0": "radius_0"}


def told(within: Within, k: int) -> dict[str, float]:
    """The detail `radius_0` where there are such: the share of vectors that have k or more copies in their own set.

    Their ball to the k-th neighbour has radius 0. Closed, it holds copies of the vector alone; open, nothing, so that
    density and coverage do not see even these.
    """
    share = float((within.squared_radii(k) == 0).mean())
    return {"radius_0": share} if share else {}
