from collections.abc import Mapping
from dataclasses import replace

import pytest
from records import AXES, TERMS, VALUES, board_records, candidate, record, score, terms

from genbench.leaderboard import Leaderboard, Row
from genbench.records.kinds import Axis, Direction, Family
from genbench.records.record import Record
from genbench.report import charts, html


def test_every_family_has_a_shape_and_a_colour() -> None:
    source = html(Leaderboard.of([record()]))
    for family in (*(family.value for family in Family), charts.OTHER):
        assert f'<symbol id="s-{family}"' in source
        assert f".f-{family} " in source


def test_charts_hold_every_mark_and_their_front_leaves_controls_out() -> None:
    board = Leaderboard.of(board_records())
    drawn = charts.trilemma(board)
    assert [(c.x.axis, c.y.axis) for c in drawn] == [
        (Axis.COVERAGE, Axis.QUALITY),
        (Axis.SPEED, Axis.QUALITY),
        (Axis.SPEED, Axis.COVERAGE),
    ]
    for chart in drawn:
        assert (len(chart.marks), chart.left_out) == (15, 1)
        on = {mark.text.partition(":")[0] for mark in chart.marks if (mark.x, mark.y) in chart.staircase}
        assert on == {row.name for row in board.rows if row.cells[chart.x.name].mean and undominated(board, row, chart)}
        for mark in chart.marks:
            assert charts.LEFT <= mark.x <= charts.RIGHT
            assert charts.TOP <= mark.y <= charts.BOTTOM


def undominated(board: Leaderboard, row: Row, chart: charts.Scatter) -> bool:
    x, y = row.cells[chart.x.name].mean, row.cells[chart.y.name].mean
    ranked = [r for r in board.rows if r is not row and r.ok and not r.gate.flagged]
    rivals = [(r.cells[chart.x.name].mean, r.cells[chart.y.name].mean) for r in ranked]
    return not row.gate.flagged and not any(a >= x and b >= y for a, b in rivals)  # no two are equal here


def counted(name: str, presets: Mapping[str, tuple[float, float]]) -> Record:
    """The record of a model whose presets have a quality and a number of network evaluations."""
    calls = {"title": "NFE", "direction": Direction.LOWER, "unit": "calls", "tie": 1.0}
    own = []
    for preset, (quality, evaluations) in presets.items():
        scored = candidate(f"{name}/{preset}", VALUES | {AXES["quality"]: quality}, sampler=preset)
        scores = {**scored.scores, "nfe": score("throughput", evaluations, **calls)}
        own.append(replace(scored, scores=scores))
    return record(name, candidates=own, suite=terms(scores=(*TERMS.scores, "nfe")))


def test_quality_and_coverage_stand_over_evaluations_with_a_line_from_many_to_few() -> None:
    records = [counted("teacher", {"slow": (0.9, 100), "quick": (0.7, 10)}), counted("one-step", {"default": (0.8, 1)})]
    drawn = charts.effort(Leaderboard.of(records))
    assert [(chart.x.name, chart.y.axis) for chart in drawn] == [("nfe", Axis.QUALITY), ("nfe", Axis.COVERAGE)]
    at = {mark.text.partition(":")[0]: mark for mark in drawn[0].marks}
    slow, quick, one = at["teacher/slow"], at["teacher/quick"], at["one-step/default"]
    assert slow.x < quick.x < one.x  # fewer is to the right
    assert quick.x - slow.x == pytest.approx(one.x - quick.x, abs=0.2)  # by decades
    assert drawn[0].kin == (charts.Kin(slow.family, ((slow.x, slow.y), (quick.x, quick.y))),)
    assert drawn[0].front == "teacher/slow and one-step/default"


def test_where_all_take_one_evaluation_nothing_is_drawn_over_them() -> None:
    alike = [counted(name, {"default": (quality, 1)}) for name, quality in (("one", 0.5), ("other", 0.6))]
    assert charts.effort(Leaderboard.of(alike)) == []
    assert charts.effort(Leaderboard.of(board_records())) == []  # nobody counted
    assert "By network evaluations" not in html(Leaderboard.of(alike))
    several = [*alike, counted("third", {"default": (0.7, 25)})]
    page = html(Leaderboard.of(several))
    assert page.index("The trilemma") < page.index("By network evaluations") < page.index("chart-4")


def test_better_is_up_and_to_the_right_also_where_lower_is_better() -> None:
    records = []
    for name, fd in (("good", 3.0), ("bad", 30.0)):
        own = candidate(name, VALUES | {"fd@digits-net": fd})
        records.append(record(name, candidates=[own], suite=terms(axes=AXES | {"quality": "fd@digits-net"})))
    good, bad = charts.trilemma(Leaderboard.of(records))[0].marks
    assert good.text.startswith("good: ")
    assert good.y < bad.y  # pixels grow downwards


@pytest.mark.parametrize(
    ("log", "numbers"),
    [
        (False, [0.1, 0.93]),
        (False, [7.0]),
        (False, [-3.0, 1e9]),
        (True, [3.0]),
        (True, [0.02, 5e6]),
        (True, [1e-20, 1e20]),
    ],
)
def test_a_scale_holds_its_values_and_has_two_to_nine_ticks(log: bool, numbers: list[float]) -> None:
    scale = charts.pixel_scale(numbers, 0, 100, log)
    assert all(0 <= scale(value) <= 100 for value in numbers)
    assert scale.low <= min(numbers) <= max(numbers) <= scale.high
    assert 2 <= len(scale.ticks) <= 9
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)


def test_short_names_drop_settings_only_where_that_keeps_them_apart() -> None:
    names = ["ddpm[steps=200]/ddim", "vae[width=8]", "vae[width=9]", "[odd]"]
    board = Leaderboard.of([record(name, candidates=[candidate(name, VALUES)]) for name in names])
    rows = sorted(board.rows, key=lambda row: names.index(row.name))
    assert charts.short_names(rows) == ["ddpm/ddim", "vae[width=8]", "vae[width=9]", "[odd]"]


def test_a_curve_is_thinned_and_keeps_its_ends() -> None:
    points = [{"images": float(i), "seconds": 0.1, "loss": 1000.0 - i} for i in range(1000)]
    drawn = charts.curve("vae", 0, points)
    assert drawn is not None
    [(name, line)] = drawn.lines
    left, right, bottom, top = charts.CURVE_BOX
    assert (name, len(line), line[0], line[-1]) == ("loss", 60, (left, top), (right, bottom))
    assert (drawn.images, drawn.low, drawn.high) == ("999", "1.00", "1,000")


def test_a_single_point_is_no_curve() -> None:
    assert charts.curve("vae", 0, [{"images": 1.0, "loss": 2.0}]) is None


def test_a_family_that_the_record_does_not_state_has_a_shape_of_its_own() -> None:
    own = record()
    board = Leaderboard.of([replace(own, model=replace(own.model, family=None))])
    assert charts.family_of(board.rows[0]) == "other"
    assert "not stated" in html(board)
