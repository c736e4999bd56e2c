"""A fit that wraps a module, or reads its data in a usual way, works, or is told which module and what to do."""

import pytest
import tiny

from genbench.records.status import Status

WORK = ("lazy", "tensor-state", "compiled", "parallel", "pairs", "one-by-one", "spawning")
TOLD = {
    "never-called": ("the lazy module late was never called", "call it in fit"),
    "averaged": (
        "fit made the module net, a Linear, into a AveragedModel",
        "do it in the constructor, or put the Linear",
    ),
    "added": ("fit added the module ema (AveragedModel)", "make it in the constructor"),
    "pruned": ("fit pruned the weight of net", "torch.nn.utils.prune.remove(self.net, 'weight') at the end of fit"),
    "normed": ("fit parametrised the weight of net", "remove_parametrizations(self.net, 'weight') at the end of fit"),
    "halved": (
        "parameter net.bias is float16 (4,) after fit, but float32",
        "cast the model in the constructor as well",
    ),
}


@pytest.mark.parametrize("model", WORK)
def test_what_adds_nothing_to_a_state_or_comes_back_with_it_works(wrapped: tiny.Run, model: str):
    candidate = wrapped.candidate(model)
    assert (candidate.status, candidate.reason) == (Status.OK, None)


@pytest.mark.parametrize(("model", "words"), TOLD.items())
def test_what_a_fresh_model_has_no_place_for_is_named_with_a_way_out(
    wrapped: tiny.Run, model: str, words: tuple[str, str]
):
    candidate = wrapped.candidate(model)
    assert candidate.status is Status.ERROR
    assert all(part in candidate.reason for part in words)
