"""Format 2 of records, which held the seconds of each call with batch 1; all else is as it is today."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.codec import Seconds, decoded, encoded
from genbench.records.record import FORMAT, Record
from genbench.records.timing import quantiles

Json = Mapping[str, Any]
LATER = "alone"  # the field that format 3 has in their place


@dataclass(frozen=True)
class _Calls:
    """What is made anew."""

    latencies: tuple[Seconds, ...] = ()
    """Wall seconds of each call."""


def upgraded(value: Json) -> Record:
    """A record of format 2 as one of today.

    Raises:
        GenbenchError: a field of another type, out of range, missing or unknown; says which.
    """
    candidates = value.get("candidates")
    if isinstance(candidates, list):
        candidates = [_candidate(own, f"record.candidates[{place}].timing") for place, own in enumerate(candidates)]
    known = {} if "candidates" not in value else {"candidates": candidates}
    return decoded(Record, {**value, "format": FORMAT, **known}, "record")


def _candidate(candidate: Any, where: str) -> Any:
    timing = candidate.get("timing") if isinstance(candidate, dict) else None
    if not isinstance(timing, dict):
        return candidate
    if LATER in timing:
        raise GenbenchError(f"{where}.{LATER} is no field of format 2")
    rest = {name: item for name, item in timing.items() if name != "latencies"}
    calls = decoded(_Calls, {name: item for name, item in timing.items() if name == "latencies"}, where)
    return {**candidate, "timing": {**rest, LATER: encoded(quantiles(calls.latencies))}}
