"""Caption promises: what the contracts of the capabilities that read captions say, tried on a few texts."""

import torch
from torch import Tensor

from genbench.seeds import seed_for
from genbench.store.tensors import narrowed
from genbench.workers.untrusted.promises import Asked, Broken

TEXTS = ("a caption", "a caption of words that no training data have: çédille, 7, …", "x")
SCALES = (0.0, 3.0)


def captioned(asked: Asked) -> str:
    """A sample of the Space for each text, whatever it says, and the same ones under the same seed."""
    one, again = (_drawn(asked) for _ in range(2))
    if not torch.equal(one, again):
        raise Broken("the same samples under the same seed", "other ones; does illustrate() seed a generator?")
    return f"{len(TEXTS)} samples for {len(TEXTS)} captions"


def guided(asked: Asked) -> str:
    """The same for captions that weigh less and more; a weight of 1 is what is drawn where none is said."""
    if not torch.equal(_drawn(asked), _drawn(asked, guidance=1.0)):
        raise Broken("guidance=1 to draw what illustrate() draws without it", "other samples under the same seed")
    for scale in SCALES:
        _drawn(asked, guidance=scale)
    return f"samples under guidance {', '.join(f'{scale:g}' for scale in SCALES)} and 1"


def _drawn(asked: Asked, **told: float) -> Tensor:
    torch.manual_seed(seed_for("check", "caption"))
    return narrowed(asked.able.illustrate(list(TEXTS), **told), asked.space, len(TEXTS))
