"""Audits."""

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """What one audit found.

    Args:
        name: "exhaustive-sum", "noise-floor", "e-value", "sampler-density" or "ordering".
        status: "passed", "failed" or "skipped".
        words: one line: what was found, or why nothing was.
        value, bound: the number and the one that it must not pass; None where there is none.
    """

    name: str
    status: str
    words: str
    value: float | None = None
    bound: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; numbers that are not finite are None."""
        ends = {key: number for key in ("value", "bound") if (number := getattr(self, key)) is not None}
        return asdict(self) | {key: float(n) if math.isfinite(n) else None for key, n in ends.items()}
