"""The board on a terminal: as wide as that is, each name and each number in full."""

import pytest
from records import TERMS, VALUES, board_records, candidate, record, terms
from rich.cells import cell_len

from genbench.cli.board import board_lines, unshown
from genbench.leaderboard import Leaderboard
from genbench.records.record import Record

LONG = "diffusion[channels=128,schedule=cosine,steps=1000]/ddim-25-with-a-name-beyond-eighty-columns"
FURTHER = ("bits/dim ↓", "FD ↓")


def drawn(records: list[Record], width: int) -> list[str]:
    """The board of these records on a terminal of that width, line by line."""
    return [line.plain for line in board_lines(Leaderboard.of(records), width)]


def seeds(name: str, factor: float, count: int = 3) -> list[Record]:
    """A candidate at some seeds, with spreads."""
    values = [{key: value * factor * (1 + seed / 10) for key, value in VALUES.items()} for seed in range(count)]
    return [record(name, seed, candidates=[candidate(name, own)]) for seed, own in enumerate(values)]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
def test_every_name_and_every_number_is_there_in_full_at_any_width(width: int) -> None:
    records = [*board_records(), *seeds("slow", 0.123), *seeds(LONG, 0.9)]
    board = Leaderboard.of(records)
    text = "\n".join(drawn(records, width))
    assert "…" not in text
    assert {row.name for row in board.rows if row.name not in text} == set()
    widest = "\n".join(drawn(records, 400))
    figures = {word for word in widest.split() if "±" in word}
    assert len(figures) > 5
    assert {word for word in figures if word not in text} == set()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = drawn([*seeds("a", 1.0), *seeds("b-with-a-longer-name[steps=200]/ddim-25", 0.5)], width)
    assert max(map(cell_len, lines)) <= width


def test_a_candidate_has_one_line_where_it_fits_and_else_its_name_above_its_figures() -> None:
    records = [*seeds("a", 1.0), *seeds("b-with-a-longer-name[steps=200]/ddim-25", 0.5)]
    assert next(line for line in drawn(records, 140) if line.startswith("b-with")).count("±") == 4
    narrow = drawn(records, 80)
    place = narrow.index("b-with-a-longer-name[steps=200]/ddim-25")
    assert narrow[place + 1].count("±") == 4


def test_a_terminal_too_narrow_for_the_figures_gets_a_line_for_each() -> None:
    lines = drawn([*seeds("a", 1.0), *seeds("b", 0.5)], 30)
    assert [line.partition(":")[0] for line in lines[:6]] == [
        "a ●",
        "  tiers",
        "  quality ↑",
        "  coverage ↑",
        "  speed ↑ images/s",
        "  FD ↓",
    ]


def test_the_columns_are_the_places_the_axes_fd_and_bits_and_the_others_are_counted() -> None:
    records = board_records()
    head = drawn(records, 200)[0]
    assert [part.strip() for part in head.split("  ") if part] == [
        "candidate",
        "tiers",
        "quality ↑",
        "coverage ↑",
        "speed ↑",
        "FD ↓",
        "bits/dim ↓",
    ]
    assert unshown(Leaderboard.of(records), 200) == 1


def test_another_task_shows_its_axes_and_then_what_fits() -> None:
    names = tuple(score for score in TERMS.scores if score != "bits-per-dim")
    axes = dict(zip(("fidelity", "realism", "speed"), ("fd@digits-net", *names[1:2], "throughput"), strict=True))
    own = [record("a", suite=terms(scores=names, axes=axes)), record("b", suite=terms(scores=names, axes=axes))]
    assert "Clipped coverage" in drawn(own, 100)[0]
    assert "Clipped coverage" not in drawn(own, 60)[0]
    for axis in axes:
        assert axis in drawn(own, 60)[0]


@pytest.mark.parametrize("width", [30, 80, 200])
def test_one_seed_has_no_word_of_tiers(width: int) -> None:
    assert "tier" not in "\n".join(drawn([record("a"), *seeds("b", 0.5, count=1)], width))
