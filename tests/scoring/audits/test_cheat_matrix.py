"""Cheats × audits: what catches each, what it would win without, and what none of them catches.

Cheats that know the stage by what a process can see of it all give the same answers: they are one kind.
"""

from collections.abc import Callable

import asked
import pytest

from genbench.records.audits import AuditStatus
from genbench.scoring.audits.judgement import verdict

Cheating = Callable[..., asked.Asked]
Settings = dict[str, float]
KNOWN = {"noise-floor", "e-value"}  # what a density fails that says wonders of all that the stage asks
CAUGHT: list[tuple[str, Settings, set[str]]] = [
    ("density-by-call", {}, KNOWN),
    ("density-by-folder", {}, KNOWN),
    ("density-by-home", {}, KNOWN),
    ("density-by-frames", {}, KNOWN),
    ("density-by-files", {}, KNOWN),
    ("density-by-clock", {}, {"exhaustive-sum", "noise-floor", "e-value", "sampler-density", "same-answer"}),
    ("density-by-table", {}, {"sampler-density", "no-spikes"}),
    ("density-of-natural", {}, {"e-value"}),
    ("density-of-spikes", {}, {"exhaustive-sum", "sampler-density"}),
    ("density-of-seen", {}, {"exhaustive-sum", "sampler-density"}),
    ("others", {}, {"same-answer"}),
    ("mixture", {"power": 1.2}, {"sampler-density"}),
    ("mixture", {"power": 1.2, "large": True}, {"sampler-density"}),
    ("mixture", {"temperature": 0.8, "large": True}, {"sampler-density"}),
    ("mixture", {"weight": 0.0}, {"sampler-density"}),
    ("mixture", {"weight": 4.0}, {"sampler-density"}),
    ("mixture", {"added": 60.0, "large": True}, {"e-value"}),
]
UNSEEN: list[tuple[str, Settings]] = [  # docs/audits.md tells each
    ("mixture", {"weight": 0.0, "large": True}),  # a tenth of the samples, and a refit that has seen 150 of them
    ("mixture", {"added": 20.0, "large": True}),  # less than what P is worse than q by
    ("others", {"noise": 12.0}),  # hides in its own scatter what the batch tells it
    ("others", {"memory": True}),  # beside the same rows, it has not seen the same before
    ("density-of-decoys", {}),  # a hundred nats for whatever a net tells from the draws of the e-value
    ("margin-table", {}),  # sums to 1 and is smooth as far as anybody looked
    ("density-of-batch", {}),  # wins nothing beside a histogram that the batch could tell it more of
]


@pytest.mark.parametrize(("model", "settings", "audits"), CAUGHT)
def test_a_cheat_fails_the_audits_that_can_see_it(cheating: Cheating, model: str, settings: Settings, audits: set[str]):
    found = cheating(model, **settings)
    assert found.failed == audits
    assert found.audits.status is AuditStatus.FAILED


@pytest.mark.parametrize(("model", "settings", "audits"), CAUGHT)
def test_a_cheat_passes_once_what_sees_it_is_switched_off(
    cheating: Cheating, model: str, settings: Settings, audits: set[str]
):
    found = cheating(model, **settings)
    others = [finding for name, finding in found.findings.items() if name not in audits]
    summed = found.facts.rung is not None  # the hashes of the test images do not fit a tiny space
    wanted = AuditStatus.PASSED if summed else AuditStatus.UNAUDITED
    assert verdict(found.facts.likelihood, others).status is wanted


@pytest.mark.parametrize(("model", "settings"), UNSEEN)
def test_what_is_not_caught_passes(cheating: Cheating, model: str, settings: Settings):
    assert cheating(model, **settings).audits.status is AuditStatus.PASSED


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("mixture", {"added": 60.0, "large": True}),
        ("mixture", {"added": 20.0, "large": True}),
        ("others", {}),
        ("others", {"noise": 12.0}),
        ("others", {"memory": True}),
        ("margin-table", {}),
    ],
)
def test_a_dishonest_density_says_more_of_the_test_images_than_the_honest_part_of_it(
    cheating: Cheating, model: str, settings: Settings
):
    honest, found = (of.findings["ordering"].value for of in (cheating("mixture"), cheating(model, **settings)))
    assert found < honest - 0.03  # bits/dim


def test_the_honest_mixture_passes_although_it_learns_from_its_own_samples(cheating: Cheating):
    found = cheating("mixture")
    assert (found.failed, found.audits.status, found.facts.refit) == (set(), AuditStatus.PASSED, "")
