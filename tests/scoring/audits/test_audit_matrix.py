"""Planted mistakes × audits: each mistake is caught by the audits that can see it, and honest densities pass all."""

import math
from collections.abc import Callable

import asked
import pytest

from genbench.records.audits import AuditStatus
from genbench.scoring.audits.judgement import NO_NATS, OF_ANSWERS, verdict

Audited = Callable[..., asked.Asked]
CAUGHT = {  # planted mistake → the audits that fail
    "padded": {"exhaustive-sum", "e-value", "sampler-density"},
    "no-partition": {"exhaustive-sum", "noise-floor", "e-value", "sampler-density", "ordering"},
    "dropout": {"exhaustive-sum", "sampler-density", "same-answer"},
    "batch-statistics": {"exhaustive-sum", "sampler-density", "same-answer"},
    "noisy-bound": {"exhaustive-sum", "sampler-density", "same-answer"},
    "broad-table": {"ordering"},
    "too-high": {"exhaustive-sum"},
    "clamped": {"noise-floor"},
    "third-forgotten": {"e-value"},
    "other-sampler": {"sampler-density"},
    "large-noise": {"same-answer"},
    "table": {"no-spikes"},
}


@pytest.mark.parametrize(("model", "audits"), CAUGHT.items())
def test_a_planted_mistake_fails_the_audits_that_can_see_it_and_no_other(
    audited: Audited, model: str, audits: set[str]
):
    found = audited(model)
    assert found.failed == audits
    assert found.audits.status is AuditStatus.FAILED
    for name in audits:
        assert f"{name}: {found.findings[name].words}" in found.audits.reason


@pytest.mark.parametrize("model", [model for model, audits in CAUGHT.items() if len(audits) == 1])
def test_a_mistake_passes_once_the_audit_that_sees_it_is_switched_off(audited: Audited, model: str):
    found = audited(model)
    (seeing,) = CAUGHT[model]
    others = [finding for name, finding in found.findings.items() if name != seeing]
    assert verdict(found.facts.likelihood, others).status is AuditStatus.PASSED


def test_every_audit_is_the_only_one_to_see_some_mistake():
    alone = {name for audits in CAUGHT.values() if len(audits) == 1 for name in audits}
    assert alone == {"exhaustive-sum", *OF_ANSWERS}


@pytest.mark.parametrize("model", ["forgotten-levels", "wrong-jacobian"])
def test_a_density_above_one_fails_its_sum_and_has_no_nats(audited: Audited, model: str):
    found = audited(model)
    assert found.failed == {"exhaustive-sum"}
    assert found.findings["ordering"].words == NO_NATS


@pytest.mark.parametrize("model", ["honest", "right-jacobian", "classes", "four-only"])
def test_an_honest_density_passes(audited: Audited, model: str):
    found = audited(model)
    assert (found.failed, found.audits.status, found.audits.reason) == (set(), AuditStatus.PASSED, None)
    assert len(found.audits.audits) == 8


def test_an_honest_noisy_bound_passes_and_one_that_hides_the_sum_in_noise_is_not_audited(audited: Audited):
    assert audited("noisy-bound", exact=False, noise=0.3).audits.status is AuditStatus.PASSED
    hidden = audited("noisy-bound", exact=False, noise=3.0).audits
    assert hidden.status is AuditStatus.UNAUDITED
    assert "scatter too much" in hidden.reason


def test_a_uniform_density_has_log2_levels_bits_per_dim_on_everything(first_party: Audited):
    uniform = first_party("noise", 100)
    assert uniform.audits.status is AuditStatus.PASSED
    for name in ("noise-floor", "ordering"):  # float64 sums: sixteen digits
        assert uniform.findings[name].value == pytest.approx(math.log2(17), rel=1e-14)
    assert uniform.findings["exhaustive-sum"].value == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize(
    ("model", "settings"),
    {
        "independent-pixels": {},
        "vae": {"width": 8, "draws": 4},
        "realnvp": {"width": 8, "draws": 4},
        "pixelcnn": {"width": 8, "layers": 1},
        "ddpm": {"steps": 20, "width": 8, "depth": 1},
    }.items(),
)
def test_a_first_party_density_passes(first_party: Audited, model: str, settings: dict[str, object]):
    found = first_party(model, 1000, **settings)
    assert (found.failed, found.audits.status, found.audits.reason) == (set(), AuditStatus.PASSED, None)
    assert found.facts.rung == 0
    assert found.findings["exhaustive-sum"].value > 0.4  # no empty bound, which could not fail


def test_a_density_that_fits_no_tiny_space_is_not_audited_and_says_why(audited: Audited):
    audits = audited("large-only").audits
    assert audits.status is AuditStatus.UNAUDITED
    assert audits.reason.count("needs eight pixels a side") == 2


def test_the_second_rung_is_for_what_the_first_refuses(audited: Audited):
    found = audited("four-only")
    assert found.facts.rung == 1
    assert "ValueError: a kernel larger than the image" in found.facts.refused[0]
    assert "65536 states" in found.findings["exhaustive-sum"].words


def test_an_estimate_is_audited_without_a_sum_and_says_so(audited: Audited):
    found = audited("estimate")
    assert found.audits.status is AuditStatus.PASSED
    assert found.findings["exhaustive-sum"].status is AuditStatus.SKIPPED
    assert found.audits.reason.startswith("unaudited sum")
    assert found.findings["sampler-density"].status is AuditStatus.SKIPPED


def test_a_density_whose_nats_are_no_numbers_is_not_audited(audited: Audited):
    audits = audited("infinite").audits
    assert (audits.status, audits.reason) == (AuditStatus.UNAUDITED, NO_NATS)
