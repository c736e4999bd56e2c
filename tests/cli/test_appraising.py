"""The progress of an appraisal: how fast it goes and how long it will take, in bars and in lines."""

import io
import itertools

import pytest
from rich.console import Console
from rich.progress import Progress

from genbench.cli.appraising import Bars, Lines, Pace, progress


def test_a_pace_is_rows_a_second_since_the_first_news_and_what_that_leaves() -> None:
    pace = Pace(iter([10.0, 20.0, 60.0, 110.0]).__next__)
    said = [pace.words(done, 1000) for done in (0, 70, 350, 1000)]
    assert said == ["", "7.00 a second, about 2 min left", "7.00 a second, about 93 s left", "10.0 a second"]


def test_rows_that_were_done_before_the_first_news_count_for_no_speed() -> None:
    pace = Pace(itertools.count().__next__)
    assert [pace.words(done, 600) for done in (500, 500, 520)] == ["", "", "10.0 a second, about 8.0 s left"]


def test_without_a_terminal_a_line_tells_now_and_then_of_what_takes_long() -> None:
    stream, clock = io.StringIO(), iter([float(second) for second in range(0, 500, 4)])
    now = [0.0]
    lines = Lines(Console(file=stream, width=200), lambda: now[0])
    lines.started("scoring")
    for done in range(0, 101, 5):
        now[0] = next(clock)
        lines.read("samples/", done, 100)
    lines.extracted("samples", 0, 9)  # which is quick
    lines.extracted("samples", 9, 9)
    assert stream.getvalue().splitlines() == [
        "scoring",
        "reading samples/: 25 of 100, 1.25 a second, about 60 s left",
        "reading samples/: 50 of 100, 1.25 a second, about 40 s left",
        "reading samples/: 75 of 100, 1.25 a second, about 20 s left",
        "reading samples/: 100 of 100, 1.25 a second",
    ]


def test_each_set_of_rows_has_a_bar_for_its_reading_and_one_for_its_features() -> None:
    bars = Progress(console=Console(file=io.StringIO(), width=200), auto_refresh=False)
    listener = Bars(bars)
    for done in (0, 5, 9):
        listener.read("real", done, 9)
        listener.extracted("real", done, 9)
    assert [(task.description, task.completed, task.total) for task in bars.tasks] == [
        ("reading real", 9, 9),
        ("features of real", 9, 9),
    ]
    assert all(task.fields["pace"].endswith(" a second") for task in bars.tasks)


@pytest.mark.parametrize("line", ["", "what is scored"])
def test_a_stream_that_is_no_terminal_gets_lines(line: str) -> None:
    stream = io.StringIO()
    with progress(stream) as listener:
        if line:
            listener.started(line)
    assert stream.getvalue() == (f"{line}\n" if line else "")
