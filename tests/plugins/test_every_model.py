"""What holds of every first-party model: what a saved and reloaded one draws, and the data that it declines."""

import inspect

import pytest
import torch
from test_zoo import MODELS, model

import genbench

SHAPES = [(1, 8, 8), (3, 9, 7)]
SMALLER = {"steps": 3}  # of presets that say how many there are: what they draw is not looked at
REALS, VECTORS = genbench.Space((1, 8, 8), levels=None, classes=2), genbench.Space((5,), levels=5, classes=2)
SERVES = {  # no others serve numbers without levels, or rows that are no images
    "autoencoder": (),
    "class-gaussians": (REALS, VECTORS),
    "gaussian": (REALS, VECTORS),
    "gaussian-mixture": (REALS, VECTORS),
    "linear-autoregression": (VECTORS,),
    "zuko-spline-flow": (VECTORS,),
}


def made(name: str, space: genbench.Space) -> genbench.Model:
    """The model, as small as the audits have it, with few passes."""
    own = model(name)
    given = dict(getattr(own, "audit_settings", {}))
    if "draws" in inspect.signature(own).parameters:
        given["draws"] = 2
    return own(space, **given)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_reloaded_model_draws_the_same_integers_by_every_sampler(name: str, shape: tuple[int, ...], ramps, reloaded):
    space = genbench.Space(shape, levels=5, classes=2)
    fitted = made(name, space)
    fitted.fit(labelled(ramps, space))
    twin = reloaded(fitted.eval())
    labels = torch.tensor([1, 0, 1]) if isinstance(fitted, genbench.Conditional) else None
    for preset in fitted.samplers.values():
        given = {**preset, **({k: v for k, v in SMALLER.items() if k in preset})}
        ...
