"""Protocols: what the literature fixes by a name, so that a number of that name is comparable."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Protocol:
    """One named combination.

    Args:
        against: the split that samples are compared with.
        extractor: its name.
        samples: how many there have to be, no more and no fewer.
        scores: that are computed unless others are asked for.
        source: who compares so.
    """

    against: str
    extractor: str
    samples: int
    scores: tuple[str, ...]
    source: str


PROTOCOLS: Mapping[str, Protocol] = {
    "fid-50k-train": Protocol(
        "train", "inception-v3-compat", 50_000, ("fd",), "Karras et al. 2020, https://arxiv.org/abs/2006.06676"
    )
}
