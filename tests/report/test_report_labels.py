"""Labels of charts: their places, the room that they are given, and who is named where there is none."""

import itertools
import random
from dataclasses import replace

import pytest
from records import VALUES, board_records, candidate, record

from genbench.leaderboard import Leaderboard
from genbench.report import charts
from genbench.report.labels import RADIUS, Label, placed
from genbench.report.lettering import ASCENT, DESCENT, fitted, held, width
from genbench.report.rows import ids, numbers

BOUNDS = (0.0, 0.0, 392.0, 330.0)


def box_of(label: Label) -> tuple[float, float, float, float]:
    wide = label.held or width(label.text)
    left = {"start": label.x, "middle": label.x - wide / 2, "end": label.x - wide}[label.anchor]
    return left, label.y - ASCENT, left + wide, label.y + DESCENT


def apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def crowd(count: int, seed: int = 0) -> tuple[list[tuple[float, float]], list[tuple[str, str]]]:
    """Spots in a cloud, and a name and a number for each."""
    rng = random.Random(seed)
    spots = [(rng.gauss(200, 60), rng.gauss(160, 40)) for _ in range(count)]
    return [(min(max(x, 20), 370), min(max(y, 20), 310)) for x, y in spots], [
        (f"model-{i}/default", str(i)) for i in range(count)
    ]


@pytest.mark.parametrize("count", [8, 25, 60])
def test_labels_cover_neither_each_other_nor_a_mark_nor_the_border(count: int) -> None:
    spots, texts = crowd(count)
    labels = placed(spots, texts, BOUNDS)
    boxes = [box_of(label) for label in labels if label]
    marks = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in spots]
    assert all(apart(*pair) for pair in itertools.combinations(boxes, 2))
    assert all(apart(box, mark) for box in boxes for mark in marks)
    assert all(left >= 0 and top >= 0 and right <= 392 and bottom <= 330 for left, top, right, bottom in boxes)


def test_few_marks_all_have_their_names_and_most_of_many_a_name_or_a_number() -> None:
    assert [label and label.choice for label in placed(*crowd(8), BOUNDS)] == [0] * 8
    labels = placed(*crowd(60), BOUNDS)
    assert sum(label is not None for label in labels) >= 50
    assert {label.choice for label in labels if label} == {0, 1}


def test_labels_keep_clear_of_lines_where_there_is_a_place_elsewhere() -> None:
    [free] = placed([(200, 150)], [("name", "1")], BOUNDS)
    [round_it] = placed([(200, 150)], [("name", "1")], BOUNDS, [(205, 140, 300, 160)])
    assert free is not None
    assert round_it is not None
    assert (free.anchor, round_it.anchor) == ("start", "end")


def test_where_no_text_fits_there_is_no_label() -> None:
    assert placed([(10.0, 10.0)], [("a long name", "1")], (0, 0, 20, 20)) == [None]
    assert placed([], [], BOUNDS) == []


def test_of_more_marks_than_anybody_can_read_the_first_are_labelled() -> None:
    spots, texts = crowd(30)
    labels = placed(spots, texts, BOUNDS, most=5)
    assert [i for i, label in enumerate(labels) if label] == [0, 1, 2, 3, 4]


def test_a_text_of_unknown_letters_or_without_room_is_held_to_a_width() -> None:
    assert held("ddpm[steps=200]/ddim-25") is None
    assert held("模型") == 22.0
    assert (fitted("short", 100).held, fitted("W" * 40, 100).held, fitted("模型", 100).held) == (None, 100, 22.0)


def test_every_mark_leads_to_its_row_and_who_is_not_named_beside_it_is_in_the_key() -> None:
    board = Leaderboard.of(board_records())
    known, order = ids(board), numbers(board)
    drawn = charts.trilemma(board)
    key = {name: number for number, name, _ in charts.key(board, drawn)}
    for chart in drawn:
        for mark in chart.marks:
            name = mark.text.rpartition(": ")[0]
            assert mark.row == known[name]
            if not mark.named:
                assert key[name] == order[name]
                assert mark.label is None or mark.label.text == str(order[name])
    shown = [row.name for row in (*board.rows, *board.controls)]
    assert sorted(order.values()) == list(range(1, len(shown) + 1))


def test_the_ids_of_rows_differ_also_where_one_name_spells_out_anothers_hash() -> None:
    first = record("a b", candidates=[candidate("a b", VALUES)])
    taken = ids(Leaderboard.of([first]))["a b"].removeprefix("row-")
    board = Leaderboard.of([first, record(taken, candidates=[candidate(taken, VALUES)])])
    assert len(set(ids(board).values())) == 2


def test_presets_of_one_fit_are_joined_and_controls_and_single_ones_are_not() -> None:
    board = Leaderboard.of(board_records())
    chart = charts.trilemma(board)[0]
    [joined] = chart.kin
    ddpm = {mark.row for mark in chart.marks if (mark.x, mark.y) in joined.spots}
    assert ddpm == {row_id for name, row_id in ids(board).items() if name.startswith("ddpm")}
    assert list(joined.spots) == sorted(joined.spots)


def test_ticks_whose_words_would_touch_are_thinned_and_long_ones_pressed_together() -> None:
    records = []
    for name, fd in (("a", 0.999912), ("b", 0.999957)):
        values = VALUES | {"clipped-density@digits-net": fd, "clipped-coverage@digits-net": fd}
        records.append(record(name, candidates=[candidate(name, values)]))
    chart = charts.trilemma(Leaderboard.of(records))[0]
    ticks = chart.x_ticks
    assert all(b - a > (width(s) + width(t)) / 2 for (a, s), (b, t) in itertools.pairwise(ticks))
    assert all(tick.held is not None and tick.held < charts.LEFT for _, tick in chart.y_ticks if len(tick.text) > 5)


def test_the_title_of_an_axis_is_no_longer_than_its_chart() -> None:
    own = record().candidates[0]
    scores = {name: replace(score, title="W" * 80) for name, score in own.scores.items()}
    chart = charts.trilemma(Leaderboard.of([record(candidates=[replace(own, scores=scores)])]))[0]
    assert chart.x_title.held is not None
    assert chart.x_title.held <= charts.WIDTH
    assert chart.y_title.held is not None
    assert chart.y_title.held <= charts.BOTTOM - charts.TOP
