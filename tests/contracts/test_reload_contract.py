"""What `sample` needs lives in parameters and buffers; what lives elsewhere is lost on reload, loudly."""

import pytest
import tiny

from genbench.records.status import Status

LOST = {
    "plain-dict": "lost on reload: the saved and reloaded model draws other samples",
    "drawn-permutation": "lost on reload: the saved and reloaded model draws other samples",
    "lost-density": "lost on reload: log_prob() of the saved and reloaded model differs",
    "extra-state": "state_dict() holds _extra_state, which is no tensor",
    "late-parameter": "the fitted model saved late, for which a fresh one has no place",
}


@pytest.mark.parametrize("model", ["none-buffer", "grown-buffer", "tied"])
def test_a_state_of_tensors_survives_the_reload(reloads: tiny.Run, model: str):
    candidate = reloads.candidate(model)
    assert (candidate.status, candidate.reason) == (Status.OK, None)


@pytest.mark.parametrize(("model", "words"), LOST.items())
def test_a_state_outside_parameters_and_buffers_is_an_error_that_names_it(reloads: tiny.Run, model: str, words: str):
    candidate = reloads.candidate(model)
    assert candidate.status is Status.ERROR
    assert words in candidate.reason
