"""A candidate without a model: it is marked, decides no verdict, and never wins speed, whatever its record says."""

from dataclasses import replace

from boards import CEILING, FLOOR, MACHINES, by_name, scored
from records import MACHINE

from genbench.cli.board import board_lines
from genbench.leaderboard import Leaderboard
from genbench.leaderboard.row import SAMPLES_ONLY
from genbench.records.record import Record


def brought(name: str, seed: int = 0, **values: float) -> Record:
    """A record that says it is of samples alone; a stranger's may hold a speed and a density all the same."""
    own = scored(name, seed, **values)
    return replace(own, model=replace(own.model, samples_only=True), machine=MACHINES[1])


def run(name: str, quality: float, speed: float) -> list[Record]:
    return [scored(name, seed, quality=quality, speed=speed + seed) for seed in range(3)]


RUNS = [*run("a", 0.6, 900.0), *run("b", 0.5, 500.0), FLOOR, CEILING]
BOARD = Leaderboard.of([*RUNS, *(brought("c", seed, quality=0.9, speed=1e9, bits=0.1) for seed in range(3))])


def test_its_own_speed_and_density_count_for_nothing():
    row = by_name(BOARD)["c"]
    assert row.places["speed"].rank is None
    assert row.places["speed"].missing == f"off this axis: {SAMPLES_ONLY}"
    columns = {column.name: column for column in BOARD.columns}
    for name in ("throughput", "bits-per-dim"):
        assert row.unranked(columns[name]) == SAMPLES_ONLY
        assert not BOARD.is_best(row, columns[name])


def test_it_is_ranked_by_what_samples_tell_and_has_no_tier():
    place = by_name(BOARD)["c"].places["quality"]
    assert (place.rank, place.tier) == (1, None)
    assert by_name(BOARD)["a"].places["quality"].tier == 1


def test_it_decides_no_verdict():
    without = Leaderboard.of(RUNS)
    assert BOARD.sentence == without.sentence
    assert BOARD.standings.verdict == without.standings.verdict
    assert BOARD.standings.outside == {"c": SAMPLES_ONLY}
    assert by_name(BOARD)["c"].front is None


def test_the_machine_that_scored_it_keeps_no_speeds_apart():
    assert BOARD.hardware == (MACHINE.speed_class,)
    assert by_name(BOARD)["a"].places["speed"].rank == 1


def test_tables_and_json_mark_it():
    lines = [line.plain for line in board_lines(BOARD, 200)]
    assert [line.split("  ")[0] for line in lines if "samples only" in line] == ["c samples only"]
    assert dict(BOARD.frame()["samples_only"])["c"]
    assert not dict(BOARD.frame()["samples_only"])["a"]


def test_a_board_of_samples_alone_says_that_nothing_is_compared():
    board = Leaderboard.of([brought(name, seed) for name in "ab" for seed in range(3)])
    assert "Undecided: no candidate is ranked on all three axes" in board.sentence
    assert board.hardware == ()


def test_a_task_that_nobody_was_put_to_has_a_frame_without_rows():
    own = brought("c", quality=0.9)
    terms = replace(own.suite, tasks={**own.suite.tasks, "further": own.suite.tasks["generate"]})
    frame = Leaderboard.of([replace(own, suite=terms)], "further").frame()
    assert (len(frame), frame.index.name) == (0, "name")
    assert str(frame["quality rank"].dtype) == "Int64"
