"""A sample is exactly what the Space asks for, or the candidate is `invalid-evidence`: nothing is cast or clipped."""

import numpy as np
import pytest
import tiny
from safetensors.numpy import load_file

from genbench.records.kinds import Likelihood
from genbench.records.status import Status

INTEGER_ABUSES = {
    "floats": "sample() returned float32, expected int64",
    "bytes": "sample() returned uint8, expected int64",
    "too-high": "expected integers in [0, 17)",
    "negative": "sample() returned values from -1 to 16, expected integers in [0, 17)",
    "flat": ", 64), expected (",
    "one-short": ", 1, 8, 8), expected (",
    "sparse": "sample() returned a sparse_coo tensor, expected a plain dense one",
    "listed": "sample() returned list, expected a tensor",
    "repeats": "two calls under different seeds returned the same samples",
}
REAL_ABUSES = {
    "not-a-number": "values that are NaN or infinite",
    "infinite": "values that are NaN or infinite",
    "double": "sample() returned float64, expected float32",
    "rounded": "sample() returned int64, expected float32",
    "differentiable": "a tensor that requires grad, expected a plain dense one",
}


def test_integers_of_the_space_are_stored_as_they_were_returned(spaces: tiny.Run):
    candidate = spaces.candidate("noise")
    x = load_file(spaces.root / "noise.default.0/sample/default/samples.safetensors")["x"]
    assert (candidate.status, candidate.reason) == (Status.OK, None)
    assert (x.dtype, x.shape, x.min(), x.max()) == (np.uint8, (100, 1, 8, 8), 0, 16)


@pytest.mark.parametrize(("model", "words"), INTEGER_ABUSES.items())
def test_a_sample_outside_the_integer_space_is_invalid_evidence(spaces: tiny.Run, model: str, words: str):
    candidate = spaces.candidate(model)
    assert candidate.status is Status.INVALID_EVIDENCE
    assert words in candidate.reason
    assert candidate.scores == {}


def test_real_numbers_are_stored_as_float32(reals: tiny.Run):
    x = load_file(reals.root / "normal.default.0/sample/default/samples.safetensors")["x"]
    assert reals.candidate("normal").status is Status.OK
    assert (x.dtype, x.shape) == (np.float32, (100, 2))


def test_training_rows_of_a_real_space_are_float32(reals: tiny.Run):
    assert [point["real"] for point in reals.record("normal").curve] == [1.0]


def test_a_density_above_one_is_no_fault_where_entries_are_real_and_has_no_bits_per_dim(reals: tiny.Run):
    normal = reals.candidate("normal")
    assert normal.likelihood is Likelihood.EXACT
    assert "depends on the unit" in normal.missing["bits-per-dim"].reason


@pytest.mark.parametrize(("model", "words"), REAL_ABUSES.items())
def test_a_sample_outside_the_real_space_is_invalid_evidence(reals: tiny.Run, model: str, words: str):
    candidate = reals.candidate(model)
    assert candidate.status is Status.INVALID_EVIDENCE
    assert words in candidate.reason
