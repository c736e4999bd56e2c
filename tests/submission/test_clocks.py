"""Clocks: what speeds say is held against their own clock, and against that of others on the same machine."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from genbench.records.files import read_records
from genbench.records.record import Record
from genbench.records.timing import Repetition, TimingRecord
from genbench.submission.clocks import clock_faults
from genbench.submission.finding import Check, Finding
from genbench.submission.reading import Bundled

BOARDS = Path(__file__).parents[2] / "leaderboards"
RECORDS = read_records(BOARDS / "digits/records")

GAN = next(record for record in RECORDS if record.model.reference == "gan")
TIMED = next(own.timing for own in GAN.candidates if own.timing is not None)


def bundled(records: list[Record]) -> list[Bundled]:
    return [Bundled(f"records/{number}.json", record) for number, record in enumerate(records)]


def changed(record: Record, change: Callable[[TimingRecord], TimingRecord]) -> Record:
    """A record whose candidates were all timed in another way."""
    candidates = (replace(own, timing=own.timing and change(own.timing)) for own in record.candidates)
    return replace(record, candidates=tuple(candidates))


def each(change: Callable[[Repetition], Repetition]) -> Callable[[TimingRecord], TimingRecord]:
    return lambda timing: replace(timing, repetitions=tuple(map(change, timing.repetitions)))


@pytest.mark.parametrize("board", ["digits", "fashion-mnist-small"])
def test_published_boards_have_none(board: str) -> None:
    records = read_records(BOARDS / board / "records")
    assert sum(bool(own.timing) for record in records for own in record.candidates) > 50
    assert clock_faults(bundled(records)) == []


FAULTS = {
    "other hardware": (
        each(lambda own: replace(own, yardstick=5 * (own.yardstick or 0))),
        r"own workload took [0-9.]+ times what it took beside others as fast on .*: its speed is of other hardware",
    ),
    "faster hardware": (
        each(lambda own: replace(own, yardstick=(own.yardstick or 0) / 5)),
        r"the harness's own workload took 0\.[0-9]+ times",
    ),
    "no repetitions": (lambda timing: replace(timing, repetitions=()), "its run states no repetitions"),
    "a busy machine": (
        each(lambda own: replace(own, cpu=own.seconds / 5)),
        "its speed is of a busy machine, of which it had 20% of a core, expected 25% at least",
    ),
    "more than its threads": (
        each(lambda own: replace(own, cpu=own.seconds * 3)),
        "it had 3 CPU seconds a second of 1",
    ),
    "images that were not drawn": (
        each(lambda own: replace(own, images=own.images * 2)),
        "its repetitions drew [0-9,]+ samples, and its run [0-9,]+",
    ),
    "longer than its stage": (
        lambda timing: replace(timing, seconds=timing.seconds * 1e4),
        "its run took .* s, and its whole stage",
    ),
    "shorter than its parts": (
        lambda timing: replace(timing, seconds=timing.seconds / 1e4),
        "its repetitions took .* s, and its run",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_speed_that_cannot_be_is_named(fault: str) -> None:
    change, words = FAULTS[fault]
    place = next(at for at, record in enumerate(RECORDS) if record.model.reference == "gan")
    records = [*RECORDS[:place], changed(RECORDS[place], change), *RECORDS[place + 1 :]]
    found = clock_faults(bundled(records))
    assert found
    assert all(own.refused and own.check is Check.SPEED for own in found)
    assert all(own.words.startswith(f"gan seed {RECORDS[place].seed}, ") for own in found)
    assert re.search(words, found[0].words)


def test_a_speed_that_is_void_already_is_not_asked() -> None:
    records = [
        changed(record, lambda timing: replace(timing, void="cpu: it says so", seconds=1e9)) for record in RECORDS
    ]
    assert clock_faults(bundled(records)) == []


def test_cpu_seconds_of_a_run_of_milliseconds_are_too_coarse_to_contradict_it() -> None:
    def short(cpu: float, seconds: float) -> list[Finding]:
        laps = (Repetition(10, seconds / 2, cpu * seconds / 2, yardstick=None),) * 2
        timing = replace(TIMED, images=20, seconds=seconds, batches=(seconds,), repetitions=laps)
        return [own for own in clock_faults(bundled([changed(GAN, lambda _: timing)])) if own.refused]

    assert short(1.6, 0.02) == []
    assert "1.6 CPU seconds a second" in short(1.6, 2.0)[0].words
