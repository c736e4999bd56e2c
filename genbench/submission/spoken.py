"""Spoken: what a bundle says that nobody can compute again: speeds, costs, and what the machine was like."""

from collections import Counter
from collections.abc import Iterator, Sequence

from genbench.records.kinds import Axis
from genbench.records.record import Candidate
from genbench.report.speeds import ATTENDED, attended
from genbench.submission.finding import Check, Finding, noted
from genbench.submission.reading import Bundled

OF_CLOCKS = (Axis.SPEED, Axis.COST)  # what a clock, or the fitted model, said


def told(records: Sequence[Bundled]) -> list[Finding]:
    """What of records has to be believed, a line each."""
    candidates = [candidate for own in records for candidate in own.record.candidates if candidate.ok]
    names = {name: None for own in candidates for name, score in own.scores.items() if score.axis in OF_CLOCKS}
    found = []
    if names:
        found.append(f"{', '.join(names)}, and how each fit went: nobody can compute them again")
    machines = Counter(own.record.machine.speed_class for own in records)
    found += [f"measured on {name}: {count:,} records" for name, count in sorted(machines.items())]
    found += [words for own in records for words in _speeds(own)]
    return [noted(Check.SELF_REPORTED, words) for words in found]


def _speeds(own: Bundled) -> Iterator[str]:
    """Why speeds of a record do not count, or are of a machine that others used."""
    if own.record.model.control is not None:
        return
    for candidate in own.record.candidates:
        who = f"{own.trial}, {candidate.task} {candidate.sampler}".rstrip()
        if candidate.timing is not None and candidate.timing.void:
            yield f"{who}: its speed does not count: {candidate.timing.void}"
        elif (share := _attended(candidate)) < ATTENDED:
            yield f"{who}: its speed is of a busy machine, of which it had {share:.0%} of a core"


def _attended(candidate: Candidate) -> float:
    share = attended(candidate.timing) if candidate.timing is not None else None
    return 1.0 if share is None else share
