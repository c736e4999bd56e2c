"""Evaluations: how often one call of a model goes through its network, which says what a solver would cost."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import nn


def most_evaluations(model: object, call: Callable[[], object]) -> int:
    """How often a call evaluates the module of the model, with parameters, that it evaluates most.

    Args:
        call: asks the model once; random numbers that it draws are drawn again afterwards.
    Returns:
        0 where nothing that it calls is a module.
    """
    if not isinstance(model, nn.Module):
        return 0
    counts: Counter[nn.Module] = Counter()
    modules = [module for module in model.modules() if next(module.parameters(), None) is not None]
    told = nn.Module.register_forward_hook  # unbound: a ScriptModule's own one only raises
    hooks = [told(module, lambda own, *_: counts.update([own])) for module in modules]
    device = device_of(model)
    try:
        with torch.no_grad(), torch.random.fork_rng([device] if device.type == "cuda" else []):
            call()
    finally:
        for hook in hooks:
            hook.remove()
    return max(counts.values(), default=0)


def device_of(model: object) -> torch.device:
    """Where a model's first parameter or buffer is; the CPU where it has none."""
    tensors = (*model.parameters(), *model.buffers()) if isinstance(model, nn.Module) else ()
    return next((tensor.device for tensor in tensors), torch.device("cpu"))
