"""Speeds of several machines: those of the machine that most fits were timed on are ranked, and no others."""

from dataclasses import replace

import pytest
from boards import CEILING, FLOOR, MACHINES, SPEED, by_name, changed, scored
from records import AXES, candidate, memorisation, record, score

from genbench.export.eee import ranked
from genbench.export.latex import content
from genbench.leaderboard import Leaderboard
from genbench.leaderboard.home import MIXED_SPEEDS
from genbench.records.gates import GateStatus
from genbench.records.kinds import Direction
from genbench.records.record import Record
from genbench.report.board_page import table
from genbench.report.charts import effort, trilemma
from genbench.report.situation import situation

HERE, THERE = (machine.speed_class for machine in MACHINES)
ELSEWHERE = f"timed on {THERE}, where most others on {HERE}"


def seeds(name: str, quality: float, speed: float, there: int = 0) -> list[Record]:
    """Three records of a model, the last ones of the other machine."""
    own = [scored(name, seed, quality=quality + seed / 1e4, speed=speed + seed) for seed in range(3)]
    return [replace(one, machine=MACHINES[seed >= 3 - there]) for seed, one in enumerate(own)]


HOME = [*seeds("a", 0.6, 900.0), *seeds("b", 0.5, 500.0), FLOOR, CEILING]
GUEST = seeds("c", 0.9, 9e9, there=3)
BOARD = Leaderboard.of([*HOME, *GUEST])


def test_speeds_of_the_machine_of_most_fits_are_ranked():
    rows = by_name(BOARD)
    assert BOARD.home == HERE
    assert [rows[name].places["speed"].rank for name in "abc"] == [1, 2, None]
    assert rows["c"].places["speed"].missing == f"off this axis: {ELSEWHERE}"
    assert rows["c"].places["quality"].rank == 1


def test_who_was_timed_elsewhere_decides_no_verdict_and_is_nowhere_the_fastest():
    without = Leaderboard.of(HOME)
    assert BOARD.standings.outside == {"c": ELSEWHERE}
    assert BOARD.standings.verdict == without.standings.verdict
    assert situation(BOARD) == situation(without)
    assert [row.name for row in BOARD.leads(next(c for c in BOARD.columns if c.name == SPEED))] == ["a"]
    assert by_name(BOARD)["c"].front is None
    assert ELSEWHERE in content(BOARD).decode()


def test_one_seed_of_another_machine_takes_a_candidate_off_the_axis():
    row = by_name(Leaderboard.of([*HOME, *seeds("c", 0.9, 9e9, there=1)]))["c"]
    assert row.places["speed"].missing == f"off this axis: timed on {HERE} and {THERE}, where most others on {HERE}"


@pytest.mark.parametrize("guests", [2, 3])
def test_without_more_than_half_of_the_fits_no_speed_is_ranked(guests: int):
    board = Leaderboard.of(
        [*HOME, *(own for name in "cde"[:guests] for own in seeds(name, 0.9, 9e9, there=guests + 1))]
    )
    machines = {2: "", 3: THERE}
    assert board.home == machines[guests]
    assert board.standings.lacking == ({"speed": MIXED_SPEEDS} if guests == 2 else {})
    assert board.standings.outside.keys() == (set() if guests == 2 else {"a", "b"})


def test_presets_of_one_fit_weigh_as_much_as_one():
    axes = AXES.values()
    many = [
        record("c", seed, candidates=[candidate(f"c/{n}", dict.fromkeys(axes, 0.5), sampler=str(n)) for n in range(9)])
        for seed in range(3)
    ]
    board = Leaderboard.of([*HOME, *(replace(own, machine=MACHINES[1]) for own in many)])
    assert len(board.rows) == 11
    assert board.home == HERE


@pytest.mark.parametrize("guests", ["flagged", "void"])
def test_who_is_barred_or_void_does_not_decide_which_machine_it_is(guests: str):
    records = []
    for name in "cde":
        for own in seeds(name, 0.9, 9e9, there=3):
            if guests == "flagged":
                own = changed(own, memorisation=memorisation(GateStatus.FLAGGED))
            else:
                own = changed(own, timing=replace(own.candidates[0].timing, void="its repetitions differ"))
            records.append(own)
    board = Leaderboard.of([*HOME, *records])
    assert board.home == HERE
    assert [by_name(board)[name].places["speed"].rank for name in "ab"] == [1, 2]


def test_network_evaluations_are_the_same_on_any_machine():
    calls = {"a": 100.0, "b": 10.0, "c": 1.0}
    counted = replace(score(SPEED, 1.0), title="NFE", unit="calls", direction=Direction.LOWER)
    records = [
        changed(own, scores={**own.candidates[0].scores, "nfe": replace(counted, value=calls[own.model.name])})
        for own in (*HOME[:-2], *GUEST)
    ]
    asked = records[0].suite.tasks["generate"]
    tasks = {"generate": replace(asked, scores=(*asked.scores, "nfe"))}
    board = Leaderboard.of([replace(own, suite=replace(own.suite, tasks=tasks)) for own in records])
    column = next(c for c in board.columns if c.name == "nfe")
    assert board.is_best(by_name(board)["c"], column)
    assert {"row-c" in {mark.row for mark in chart.marks} for chart in effort(board)} == {True}
    axes = {"quality": AXES["quality"], "steps": "nfe"}
    tasks = {"generate": replace(tasks["generate"], axes=axes)}
    alone = Leaderboard.of([replace(own, suite=replace(own.suite, tasks=tasks)) for own in records])
    assert alone.standings.outside == {}
    assert by_name(alone)["c"].places["steps"].rank == 1


def test_a_page_says_what_is_left_out_for_which_reason_and_who_is_not_near():
    only = Leaderboard.of([*seeds("a", 0.6, 900.0), *seeds("b", 0.1, 500.0), FLOOR, CEILING, *GUEST])
    assert {chart.elsewhere for chart in trilemma(only) if SPEED in (chart.x.name, chart.y.name)} == {1}
    assert {chart.elsewhere for chart in trilemma(only) if SPEED not in (chart.x.name, chart.y.name)} == {0}
    poor = Leaderboard.of([*seeds("a", 0.1, 900.0), *seeds("b", 0.1, 500.0), FLOOR, CEILING, *GUEST])
    assert "and speeds of the board's machine" in poor.sentence
    assert not any("c comes nearest" in why for why in situation(poor).why)
    assert poor.to_json()["home"] == HERE
    assert [row["elsewhere"] for row in poor.to_json()["rows"] if row["name"] == "c"] == [ELSEWHERE]
    assert {c.name for c in ranked(BOARD, by_name(BOARD)["c"])} >= {SPEED}


def test_where_controls_were_timed_keeps_nobody_from_a_rank():
    board = Leaderboard.of([*HOME[:-2], *(replace(own, machine=MACHINES[1]) for own in (FLOOR, CEILING))])
    assert [row.places["speed"].rank for row in board.rows] == [1, 2]


def test_without_an_axis_of_speed_all_are_in_the_running():
    axes = {axis: name for axis, name in AXES.items() if axis != "speed"}
    asked = [
        replace(own, suite=replace(own.suite, tasks={"generate": replace(own.suite.tasks["generate"], axes=axes)}))
        for own in (*HOME, *GUEST)
    ]
    assert Leaderboard.of(asked).standings.outside == {}


def test_charts_of_speed_leave_it_out_and_the_table_says_which_machine_is_which():
    drawn = {(chart.y.name, chart.x.name): {mark.row for mark in chart.marks} for chart in trilemma(BOARD)}
    assert {"row-c" in rows for (y, x), rows in drawn.items() if SPEED in (y, x)} == {False}
    assert {"row-c" in rows for (y, x), rows in drawn.items() if SPEED not in (y, x)} == {True}
    assert (table(BOARD)["hardware"], table(BOARD)["home"]) == ([(1, HERE), (2, THERE)], 1)
