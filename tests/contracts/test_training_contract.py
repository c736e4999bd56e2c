"""Settings reach the constructor; the budget is spent exactly; what is logged stands in the record."""

import pytest
import tiny

from genbench.records.status import Status

SET = "logs[width=32,scale=2.5,fast=true,kind=square]"


def _logged(run: tiny.Run, model: str, name: str) -> list[float]:
    return [point[name] for point in run.record(model).curve if name in point]


def test_settings_of_a_reference_reach_the_constructor(budgets: tiny.Run):
    first = budgets.record(SET).curve[0]
    assert {name: first[name] for name in ("width", "scale", "fast", "round")} == {
        "width": 32,
        "scale": 2.5,
        "fast": 1,
        "round": 0,
    }
    assert budgets.record(SET).model.parameters == 32


def test_settings_that_are_not_given_keep_their_defaults(budgets: tiny.Run):
    record = budgets.record("logs")
    assert record.model.settings == {"width": 8, "scale": 1.0, "fast": False, "kind": "round"}
    assert record.model.parameters == 8


def test_batches_are_full_and_stop_before_the_budget_is_exceeded(budgets: tiny.Run):
    # 500 images in batches of 60: eight, and 20 images that make no batch.
    assert _logged(budgets, "logs", "rows") == [60] * 8
    assert _logged(budgets, "logs", "labels") == [60] * 8
    assert budgets.record("logs").curve[-1]["images"] == 480


def test_progress_is_the_share_of_the_budget_that_was_spent(budgets: tiny.Run):
    assert _logged(budgets, "logs", "progress") == [60 * (i + 1) / 500 for i in range(8)]


def test_a_logged_number_that_is_not_finite_is_left_out_of_the_curve(budgets: tiny.Run):
    assert _logged(budgets, "logs", "loss") == []


def test_stages_spend_their_shares_of_the_budget_and_all_of_it_together(budgets: tiny.Run):
    assert _logged(budgets, "staged", "stage") == [1] * 4 + [2] * 6
    assert budgets.record("staged").curve[-1]["images"] == 500


@pytest.mark.parametrize(
    ("model", "words"),
    [("starved", "501 images at a time and 500 of 500 are left"), ("leftover", "0 of 500 are left for it")],
)
def test_a_stage_that_gets_no_batches_is_an_error_that_says_so(budgets: tiny.Run, model: str, words: str):
    candidate = budgets.candidate(model)
    assert (candidate.status, candidate.stage) == (Status.ERROR, "fit")
    assert candidate.reason.startswith("a training stage got no batches")
    assert words in candidate.reason
