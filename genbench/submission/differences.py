"""Differences: what a record says, and what comes out here, number by number. What differs is named."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from genbench.files import codec
from genbench.records.machine import Machine
from genbench.records.record import Candidate, Record, StageFacts
from genbench.report.images import BYTES, Png, png
from genbench.submission.finding import Check, Finding, refused
from genbench.submission.reading import Bundled

SHOWN = 80  # characters of a value
NUMERIC = ("scores", "missing", "memorisation", "audits", "barred")  # what the tolerance is for
GATES = ("memorisation", "audits", "barred")
SAME = ("device", "device_name", "cpu_name", "threads", "python", "torch", "numpy", "scipy", "cuda", "tf32", "kernels")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
PICTURES = ("pairs", "exhibits")


@dataclass(frozen=True)
class Tolerance:
    """By how much numbers may differ."""

    relative: float
    """Of the larger one."""
    absolute: float
    """Beside it."""

    def allows(self, one: float, other: float) -> bool:
        """Whether two numbers are the same."""
        return one == other or abs(one - other) <= self.absolute + self.relative * max(abs(one), abs(other))

    def __str__(self) -> str:
        exact = not (self.relative or self.absolute)
        return "none: the same machine and software" if exact else f"{self.relative:g} of it and {self.absolute:g}"


EXACT = Tolerance(0.0, 0.0)
LOOSE = Tolerance(2e-5, 1e-7)  # ten times what other kernels of BLAS and ATen changed at most, of 5 models on digits
OTHER_DEVICE = Tolerance(1e-3, 1e-6)  # features of a GPU; chosen, not measured


@dataclass(frozen=True)
class Difference:
    """One value that is not what comes out."""

    place: tuple[str, ...]
    """Names of the fields that lead to it."""
    recorded: object
    """What the record says."""
    recomputed: object
    """What comes out."""


def tolerance(recorded: Machine, here: Machine) -> Tolerance:
    """What may differ between two machines: nothing where all that numbers depend on is the same."""
    same = all(getattr(recorded, name) == getattr(here, name) for name in SAME)
    if same:
        return EXACT
    return LOOSE if recorded.device == here.device == "cpu" else OTHER_DEVICE


def findings(own: Bundled, again: Record, allowed: Tolerance) -> Iterator[Finding]:
    """What of a record does not come out again."""
    record = own.record
    for name in ("parameters", "images", "fit"):
        said, here = getattr(record.model, name), getattr(again.model, name)
        if said != here:
            words = (
                f"the record says {_shown(codec.encoded(said))}, the manifest of its fit {_shown(codec.encoded(here))}"
            )
            yield refused(Check.EVIDENCE, f"{own.path}: model.{name}: {words}")
    for name in sorted(record.stages.keys() | again.stages.keys()):
        said, here = (_ended(found.stages.get(name)) for found in (record, again))
        if said != here:
            yield refused(Check.EVIDENCE, f"{own.path}: stages.{name}: the record says {said}, and it is {here}")
    names = [[(one.task, one.name, one.sampler) for one in found.candidates] for found in (record, again)]
    if names[0] != names[1]:
        said, here = (", ".join(sorted(f"{task} {sampler}".rstrip() for task, _, sampler in own)) for own in names)
        yield refused(Check.EVIDENCE, f"{own.path}: its candidates are {said}, and of its stages come {here or 'none'}")
        return
    for said, here in zip(record.candidates, again.candidates, strict=True):
        yield from _of_candidate(own, said, here, allowed)


def _ended(facts: StageFacts | None) -> str:
    if facts is None:
        return "no such stage"
    code = "" if facts.exit_code is None else f", exit code {facts.exit_code}"
    return f"{facts.status.value}{code}, {_shown(facts.reason)}"


def _of_candidate(own: Bundled, said: Candidate, here: Candidate, allowed: Tolerance) -> Iterator[Finding]:
    who = f"{own.trial}, {said.task} {said.sampler}".rstrip()
    if said.ok and not here.ok:
        words = f"the record says ok, and what it left is {here.status.value} ({here.reason})"
        yield refused(Check.EVIDENCE, f"{who}: {words}")
        return
    recorded, again = (codec.encoded(replace(candidate, log="")) for candidate in (said, here))
    for found in differences(recorded, again, allowed, ()):
        yield refused(_check(found.place), f"{who}: {_words(found, allowed)}")


def differences(recorded: Any, again: Any, allowed: Tolerance, place: tuple[str, ...]) -> Iterator[Difference]:
    """The leaves in which two trees of plain JSON differ by more than is allowed."""
    if isinstance(recorded, Mapping) and isinstance(again, Mapping):
        for name in dict.fromkeys((*recorded, *again)):
            yield from differences(recorded.get(name), again.get(name), allowed, (*place, name))
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for number, (one, other) in enumerate(zip(recorded, again, strict=True)):
            yield from differences(one, other, allowed, (*place, str(number)))
    elif not _same(recorded, again, allowed, place):
        yield Difference(place, recorded, again)


def _same(one: Any, other: Any, allowed: Tolerance, place: tuple[str, ...]) -> bool:
    if one == other and type(one) is type(other):
        return True
    if allowed is EXACT or not place or place[0] not in (*NUMERIC, *PICTURES):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return allowed.allows(one, other)
    if isinstance(one, str) and isinstance(other, str):
        return _same_picture(one, other) if set(PICTURES) & set(place) else _same_words(one, other, allowed)
    return False


def _same_words(one: str, other: str, allowed: Tolerance) -> bool:
    """Whether two texts are the same but for numbers in them that are."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(
        allowed.allows(float(mine), float(yours)) or _rounded(mine, yours)
        for mine, yours in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    )


def _rounded(one: str, other: str) -> bool:
    """Whether two numbers with decimals differ by one in the last place that they are written with."""
    first, second = Decimal(one), Decimal(other)
    place = min(int(first.as_tuple().exponent), int(second.as_tuple().exponent))
    return place < 0 and abs(first - second) <= Decimal(1).scaleb(place)


def _check(place: tuple[str, ...]) -> Check:
    if place and place[0] in GATES:
        return Check.GATES
    return Check.SCORES if place and place[0] in ("scores", "missing", "likelihood", "exhibits") else Check.EVIDENCE


def _words(found: Difference, allowed: Tolerance) -> str:
    place, values = ".".join(found.place), [_shown(value) for value in (found.recorded, found.recomputed)]
    return f"{place}: recorded {values[0]}, recomputed {values[1]} (tolerance {allowed})"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{len(value)} parts"
    return "nothing" if value is None else ascii(value)[:SHOWN]


def _same_picture(one: str, other: str) -> bool:
    """Whether two PNGs show the same; how they were packed depends on a library's version."""
    first, second = (png(text, BYTES, None) for text in (one, other))
    return isinstance(first, Png) and isinstance(second, Png) and first.sha256 == second.sha256
