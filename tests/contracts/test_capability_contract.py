"""A capability is a type: Conditional, Latent and Density are used as they promise, and found out where they lie."""

import math

import pytest
import tiny
from safetensors.numpy import load_file

from genbench.records.kinds import Likelihood
from genbench.records.score import MissingKind, not_applicable
from genbench.records.status import Status

BITS_OF_UNIFORM = math.log2(17)  # of one of 17 equally likely levels
DENSITY_ABUSES = {
    "positive": "a probability above 1",
    "per-pixel": "floating-point nats, one a sample",
    "undefined": "values that are NaN or infinite",
    "whole": "log_prob() returned int64 (",
    "raises": "RuntimeError: no density today",
}


def test_a_conditional_model_gets_the_labels_that_are_stored_with_its_samples(capabilities: tiny.Run):
    stored = load_file(capabilities.root / "obedient.default.0/sample/default/samples.safetensors")
    assert stored["labels"].tolist() == stored["x"][:, 0, 0, 0].tolist()
    assert set(stored["labels"].tolist()) == set(range(10))


def test_a_conditional_model_that_ignores_its_labels_is_found_out(capabilities: tiny.Run):
    candidate = capabilities.candidate("deaf")
    assert candidate.status is Status.INVALID_EVIDENCE
    assert candidate.reason.startswith("labels are ignored")


def test_capabilities_are_read_from_the_types(capabilities: tiny.Run):
    found = {model: capabilities.record(model).model.capabilities for model in ("mapped", "obedient", "bounded")}
    assert found == {
        "mapped": ("generate", "encoder", "decoder"),
        "obedient": ("generate", "conditional"),
        "bounded": ("generate", "density", "encoder", "decoder"),
    }


def test_an_unsuitable_model_is_skipped_with_its_reason_and_has_not_failed(capabilities: tiny.Run):
    candidate = capabilities.candidate("odd")
    assert (candidate.status, candidate.reason) == (Status.SKIPPED, "needs an odd height and width")
    assert "odd" not in [failed.name for failed in capabilities.finished.failed]


def test_a_control_that_cannot_serve_a_space_is_skipped(reals: tiny.Run):
    control = reals.candidate("independent-pixels")
    assert (control.status, control.reason) == (Status.SKIPPED, "needs integer data; this Space holds real numbers")


def test_each_sampler_of_a_model_is_a_candidate_of_one_fit(capabilities: tiny.Run):
    record = capabilities.record("bounded")
    assert [c.name for c in record.candidates] == ["bounded/dark", "bounded/full"]
    assert [name for name in record.stages if name == "fit"] == ["fit"]
    dark = load_file(capabilities.root / "bounded.default.0/sample/dark/samples.safetensors")["x"]
    assert dark.max() == 1


def test_only_the_sampler_that_the_density_describes_has_bits_per_dim(capabilities: tiny.Run):
    dark, full = (capabilities.candidate(f"bounded/{sampler}") for sampler in ("dark", "full"))
    # log_prob is computed in float32: seven digits.
    assert full.scores["bits-per-dim"].value == pytest.approx(BITS_OF_UNIFORM, rel=1e-6)
    assert "bits-per-dim" not in dark.scores
    assert dark.missing["bits-per-dim"] == not_applicable("the model gives no likelihood of its samples")


def test_the_kind_of_likelihood_is_the_instances_own(capabilities: tiny.Run):
    assert capabilities.candidate("bounded/full").likelihood is Likelihood.EXACT
    assert capabilities.candidate("bounded[exact=false]/full").likelihood is Likelihood.LOWER_BOUND


@pytest.mark.parametrize("model", ["half-broken", "broken-first"])
def test_a_sampler_that_raises_fails_its_own_candidate_alone(capabilities: tiny.Run, model: str):
    broken, working = capabilities.candidate(f"{model}/breaks"), capabilities.candidate(f"{model}/works")
    assert (broken.status, broken.stage) == (Status.ERROR, "sample")
    assert broken.reason == "RuntimeError: this sampler is broken"
    assert (working.status, working.reason) == (Status.OK, None)


def test_a_density_that_keeps_its_contract_has_bits_per_dim(densities: tiny.Run):
    score = densities.candidate("uniform").scores["bits-per-dim"]
    assert score.value == pytest.approx(BITS_OF_UNIFORM, rel=1e-6)


@pytest.mark.parametrize(("model", "words"), DENSITY_ABUSES.items())
def test_a_density_that_breaks_its_contract_costs_bits_per_dim_and_nothing_else(
    densities: tiny.Run, model: str, words: str
):
    candidate = densities.candidate(model)
    assert (candidate.status, candidate.reason) == (Status.OK, None)
    assert candidate.missing["bits-per-dim"].kind is MissingKind.FAILED
    assert words in candidate.missing["bits-per-dim"].reason
    assert "bits-per-dim" not in candidate.scores
    assert "throughput" in candidate.scores
