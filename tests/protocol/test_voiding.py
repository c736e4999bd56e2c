"""When a timed run gives no speed: each reason by itself, and none where nothing is wrong."""

from dataclasses import replace

import pytest

from genbench.contracts.job import Again, Outcome, Section, Timeline
from genbench.protocol.stages.clocking import Run, clocked
from genbench.protocol.stages.voiding import spread_of
from genbench.records.status import Status
from genbench.records.timing import YARDSTICK

LAPS, COUNT, SIZE = 40, 95, 20
PLACES = (3, 8, 21, 30, 39)
DIGESTS = tuple(f"digest {lap}" for lap in range(LAPS))
COUNTS = {"nfe": 3.0, "flops": None}
RUN = Run("cpu", COUNT, SIZE, lasting=True, repeats=False)
AGAIN = Again(2, ("digest 21",), COUNTS, seconds=1.0)


def section(cpu: float = 0.05, laps: int = LAPS, **changes) -> Section:
    """A section of equal laps, whose CPU is shared with somebody else."""
    efforts = tuple(cpu * (lap + 1) for lap in range(laps))
    fields = {"yardsticks": (YARDSTICK,) * laps, "digests": DIGESTS[:laps]} | changes
    return Section(2 * cpu * laps, (2 * cpu,) * laps, 0.5, efforts[-1], efforts, **fields)


def timing(run: Section | None = None, of: Run = RUN, call: float = 0.01, **changes):
    """The clock of such a run."""
    null = Section(0.0, cpu=0.0)
    sections = {
        "load": (Section(1.0, cpu=1.0),),
        "call": (section(call, 3),),
        "run": (run or section(),),
        "null": (null,),
    }
    fields = {"cpu": 6.0, "waited": 1.0, "places": PLACES, "again": AGAIN} | changes
    return clocked(Outcome(Status.OK, None, 9.0, Timeline(sections), **fields), of, None)


def test_an_honest_run_has_a_speed_and_nothing_is_void():
    found = timing()
    assert found.void == ""
    assert (found.images, found.seconds, found.batch) == (LAPS * SIZE, 4.0, SIZE)
    assert (found.scored, found.digests) == (PLACES, tuple(DIGESTS[place] for place in PLACES))
    assert (found.nfe, found.drawn_again, found.load_seconds) == (3.0, 21, 1.0)
    assert [own.images for own in found.repetitions] == [5 * SIZE] * 8
    assert [own.speed for own in found.repetitions] == [pytest.approx(400)] * 8
    assert [own.wall for own in found.repetitions] == [pytest.approx(200)] * 8
    # Of nine seconds one was the second process's, one the start, one the load; the calls took .06, the pauses .5.
    assert found.after_seconds == pytest.approx(9 - 1 - 1 - 4 - 1 - 0.06 - 0.5)
    assert found.beside == pytest.approx(6 - 2 - 0.03)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("no scored batch was drawn again", {"again": None}),
        ("could not be drawn again: RuntimeError: boom", {"again": Again(2, reason="RuntimeError: boom")}),
        (
            "drawn again in a fresh process under its seed, is another one",
            {"again": replace(AGAIN, digests=("x", "y"))},
        ),
        ("hides what its children take", {"hides_children": True}),
        ("9.47 s beside a run of 2 s, where 9 s are allowed", {"cpu": 11.5}),
        ("a batch takes 50 ms, and one sample 120 ms", {"call": 0.12}),
        ("two calls under different seeds gave", {"run": section(digests=("digest",) * LAPS)}),
    ],
)
def test_a_speed_is_void_for_a_reason(words: str, changes):
    assert words in timing(**changes).void


def alone(device: str = "cpu", counted: str = "c", plain: str = "c", **counts) -> str:
    """Why calls for one sample say nothing, where the one that was made again gave these."""
    again = replace(AGAIN, facts=COUNTS | counts, alone="c", alone_digests=(counted, plain))
    return timing(again=again, of=replace(RUN, device=device)).void_alone


def test_calls_for_one_sample_that_are_what_they_were_say_how_long_that_takes():
    assert alone(nfe_alone=3.0) == alone(nfe_alone=2.0) == alone() == ""
    assert alone(flops=10.0, flops_alone=9.0, nfe_alone=1.0) == ""  # a loop ends when its last sample is done
    assert timing().void_alone == ""  # none was made again
    assert alone("cuda", "x", "y", nfe_alone=3.0) == ""  # a GPU may round otherwise


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("made again in a fresh process under its seed, gives another one", {"counted": "x", "plain": "y"}),
        ("gives another one where its operations are counted", {"counted": "x"}),
        ("one sample takes 1 network evaluations by itself, and 3 among others", {"nfe_alone": 1.0}),
        ("one sample takes 4 floating-point operations by itself", {"flops": 10.0, "flops_alone": 4.0}),
        ("one sample takes 1 network evaluations", {"nfe_alone": 1.0, "device": "cuda"}),
    ],
)
def test_a_latency_is_void_for_a_reason_of_its_own(words: str, changes):
    assert words in alone(**changes)
    assert timing(again=replace(AGAIN, alone="c", alone_digests=("c", "c"))).void == ""


def test_first_calls_may_be_slower_than_a_batch():
    assert timing(call=0.09).void == ""


def test_repetitions_that_differ_void_a_speed():
    slow = [0.05] * 15 + [0.08] * 25
    efforts = tuple(sum(slow[: lap + 1]) for lap in range(LAPS))
    assert "its 8 repetitions differ by 60%" in timing(replace(section(), efforts=efforts)).void
    shared = tuple(own / 0.05 * YARDSTICK for own in slow)  # the yardstick was as slow
    assert timing(replace(section(), efforts=efforts, yardsticks=shared)).void == ""


def test_a_yardstick_that_was_disturbed_voids_no_speed():
    shared = tuple(YARDSTICK * (1 if lap < 15 else 1.6) for lap in range(LAPS))
    found = timing(replace(section(), yardsticks=shared))
    assert found.void == ""
    assert max(own.speed for own in found.repetitions) > 1.5 * min(own.speed for own in found.repetitions)


def test_what_was_drawn_otherwise_while_it_was_counted_is_not_counted():
    found = timing(again=replace(AGAIN, digests=("other", "digest 21")))
    assert (found.nfe, found.flops, found.void) == (None, None, "")
    assert timing(again=replace(AGAIN, facts={"nfe": "many"})).nfe is None


def test_a_gpu_is_held_against_the_wall_clock_and_may_round_otherwise():
    found = timing(
        replace(section(), yardsticks=()), replace(RUN, device="cuda:0"), again=replace(AGAIN, digests=("x",))
    )
    assert found.void == ""
    assert found.nfe is None
    assert [own.speed for own in found.repetitions] == [pytest.approx(200)] * 8
    assert found.beside == pytest.approx(1 + found.after_seconds)


def test_answers_are_those_of_their_batches_and_may_repeat():
    laps = 5
    found = timing(
        section(laps=laps),
        replace(RUN, lasting=False, repeats=True),
        places=tuple(range(laps)),
        again=Again(2, ("digest 2",)),
    )
    assert found.images == COUNT
    assert [own.images for own in found.repetitions] == [20, 20, 20, 20, 15]


def test_the_spread_is_that_of_the_middle_half():
    assert spread_of([100, 100, 100, 100, 1000]) == 0
    assert spread_of([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(2 / 3)
