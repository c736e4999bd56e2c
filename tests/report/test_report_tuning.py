"""The board's section on tuning: what a search is worth, and the default beside the best."""

import math
import re
from dataclasses import replace

import pytest
from pages import Page, check_harmless
from records import HOSTILE, SUITE, VALUES, candidate, record

from genbench.leaderboard import Leaderboard
from genbench.leaderboard.statistics.best_of import best_of
from genbench.records.kinds import Direction
from genbench.records.record import Record
from genbench.records.tuning import AtBudget, TunedTrial, Tuning
from genbench.report import html
from genbench.report.commands import again
from genbench.report.tuning import budgets, curve, searches, section

FD, BEST = "fd@digits-net", "gan[lr=0.01]"
GOT = (9.0, 7.0, None, 4.0, 8.0)  # of trials by number; the third failed


def tuned(**changes: object) -> Tuning:
    names = ("gan", "gan[lr=0.1]", "gan[lr=5.0]", BEST, "gan[lr=0.3]")
    trials = tuple(
        TunedTrial(i, name, {"lr": 1.0 + i}, value, "" if value else "it broke")
        for i, (name, value) in enumerate(zip(names, GOT, strict=True))
    )
    own = Tuning(
        default="gan",
        task="generate",
        sampler="default",
        criterion=FD,
        title="FD",
        direction=Direction.LOWER,
        suite="tiny-tuning",
        protocol="0" * 64,
        images=100,
        rows=300,
        seed=0,
        searched={"lr": "0.001 to 10, log scale"},
        trials=trials,
    )
    return replace(own, **changes)


def field(name: str, fd: float) -> list[Record]:
    values = [{**VALUES, FD: fd + seed} for seed in range(3)]
    return [record(name, seed, candidates=[candidate(name, own, sampler="default")]) for seed, own in enumerate(values)]


def board(*tunings: Tuning) -> Leaderboard:
    return Leaderboard.of([*field("gan", 20.0), *field(BEST, 12.0)], tunings=tunings)


def test_the_best_has_the_best_value_and_the_first_of_equals_wins():
    assert tuned().best.number == 3
    assert tuned(direction=Direction.HIGHER).best.number == 0
    equal = tuple(replace(trial, value=5.0) for trial in tuned().trials)
    assert tuned(trials=equal).best.number == 0
    assert tuned(trials=tuple(replace(trial, value=None) for trial in equal)).best is None


def test_draws_leave_the_defaults_out_and_count_a_failed_one_as_the_worst_trial():
    assert tuned().drawn == (-7.0, -9.0, -4.0, -8.0)
    assert tuned(direction=Direction.HIGHER).drawn == (7.0, 4.0, 4.0, 8.0)


def test_the_curve_is_the_expected_best_of_k_with_its_deviation_within_what_was_seen():
    points = list(curve(tuned()))
    assert [point.x for point in points] == [1, 2, 3, 4]
    for point in points:
        found = best_of((-7.0, -9.0, -4.0, -8.0), int(point.x))
        half = math.sqrt(found.variance)
        assert point.y == -found.mean
        assert point.low == pytest.approx(max(-found.mean - half, 4.0))
        assert point.high == pytest.approx(min(-found.mean + half, 9.0))
    assert points[0].y == 7.0
    assert points[0].y > points[-1].y > 4.0


def test_each_model_has_a_line_that_goes_down_where_less_is_better():
    other = tuned(default=BEST, trials=tuple(replace(trial, value=6.0) for trial in tuned().trials))
    chart = searches(board(), [tuned(), other])
    assert [line.name for line in chart.lines] == ["gan", BEST]
    first, second = chart.lines
    assert first.spots[0][1] < first.spots[-1][1]  # pixels count downwards
    assert len({y for _, y in second.spots}) == 1
    assert (first.kind, second.kind) == (1, 2)
    assert first.words == "gan: 7.00 at 1, 5.02 at 4"


def test_the_table_has_the_default_beside_the_best_on_valid_and_on_test():
    (model,) = section(board(tuned()))["tuned"]
    assert [(row["what"], row["valid"]) for row in model["rows"]] == [("default", "9.00"), ("trial 3", "4.00")]
    assert [row["means"][0].split()[0] for row in model["rows"]] == ["21.0", "13.0"]
    assert model["facts"] == (
        "5 trials, 1 of them without a value, 100 training images each, judged on 300 rows of valid; seed 0"
    )
    assert not model["kept"]


def test_training_images_are_the_other_budgets_and_the_boards_own():
    points = (AtBudget("gan", 1000, (40.0,)), AtBudget(BEST, 1000, (30.0, 32.0)), AtBudget(BEST, 500, ()))
    chart = budgets(board(), [tuned(budgets=points)])
    assert [line.name for line in chart.lines] == ["gan", BEST]
    assert [line.words for line in chart.lines] == [
        f"gan: 40.0 at 1,000, 21.0 at {SUITE.images:,}",
        f"{BEST}: 31.0 at 1,000, 13.0 at {SUITE.images:,}",
    ]
    assert budgets(board(), [tuned()]) is None


def test_the_page_has_the_section_where_something_was_tuned_and_only_there():
    assert 'id="tuning"' not in html(board())
    assert 'id="tuning"' not in html(board(tuned(task="interpolate")))
    page = Page(html(board(tuned())))
    assert "5 trials, 1 of them without a value" in page.text
    assert "lr" in page.text
    assert "0.001 to 10, log scale" in page.text
    assert len(re.findall('class="tuned line-1"', html(board(tuned())))) == 2  # in the chart, and in its key


def test_a_model_without_any_value_is_named():
    nothing = tuned(trials=tuple(replace(trial, value=None, reason="it broke") for trial in tuned().trials))
    assert "No trial gave a value: gan." in Page(html(board(nothing))).text


@pytest.mark.parametrize("text", [words for kind, words in HOSTILE.items() if kind != "surrogate"])
def test_a_strangers_words_do_no_harm(text: str):
    trials = tuple(replace(trial, reference=text, reason=text) for trial in tuned().trials)
    own = tuned(default=text, title=text, trials=trials, searched={text: text})
    check_harmless(Page(html(board(own))), tables=2)


@pytest.mark.parametrize(
    ("suite", "command"),
    [
        ("digits-tuning", "genbench tune -m gan --trials N"),
        ("mnist-quick-tuning-450", "genbench tune --suite mnist --quick -m gan --trials N"),
        ("digits", "genbench run --tasks generate -m 'gan[lr=0.01]' --seeds 3"),
    ],
)
def test_a_trial_of_settings_is_measured_again_by_a_tuning(suite: str, command: str):
    model = replace(record("gan").model, reference=BEST)
    assert again(model, suite, ["generate"], 3) == command
