"""What a call of `sample` costs, counted and not declared: network evaluations and floating-point operations."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genbench.execution.channel import Markers
from genbench.execution.machine import give_freed_memory_back


def accounted(model: nn.Module, draw: Callable[[], object], samples: int) -> tuple[float | None, float | None]:
    """NFE per `sample` call, and FLOPs per sample, of one call of `draw`, which gives that many samples.

    NFE is the number of forward calls of the submodule with parameters that ran most often: the steps of a diffusion
    sampler, the pixels of an autoregressive one, 1 for a GAN. Networks of which each call picks another one are
    counted together where one module holds them and picks. None where no such submodule ran. In TorchScript a module
    counts as a whole, since nobody sees what it calls.
    FLOPs are torch's count of matrix products and convolutions, by `torch.utils.flop_counter`; None where it saw none.
    """
    calls: Counter[nn.Module] = Counter()
    told = partial(nn.Module.register_forward_hook, hook=lambda module, *_: calls.update([module]))
    hooks = [told(module) for module in _owners(model)]  # unbound: a ScriptModule's own one only raises
    try:
        with FlopCounterMode(display=False) as counter:
            draw()
    finally:
        for hook in hooks:
            hook.remove()
    flops = counter.get_total_flops()
    return (float(max(calls.values())) if calls else None), (flops / samples if flops else None)


def _owners(model: nn.Module) -> list[nn.Module]:
    """The submodules that hold parameters, their own or those of what they call."""
    return [m for m in model.modules() if m is not model and next(m.parameters(), None) is not None]


def null_calls(markers: Markers, count: int = 5) -> None:
    """Empty sections: what a marker and its answer cost by themselves."""
    for _ in range(count):
        with markers.timed("null"):
            pass


def reset_memory(device: torch.device) -> None:
    """Start a new peak of the device's memory: of what is used, and not of what was freed and kept."""
    give_freed_memory_back()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> int | None:
    """Peak bytes of a GPU since `reset_memory`; None elsewhere."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
