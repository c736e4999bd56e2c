"""guidance: draw what a caption says with another weight than the law has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from genbench.contracts.captioned import Captioned, Guided
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


class Guidance(Solver):
    """Tells a model how much captions weigh: more makes samples of it sure to show it, and more alike.

    Args:
        scale: 0: captions are not listened to. 1: the law of x given the caption, as the model draws by itself.
    """

    name = "guidance"
    version = "1"
    source = "Ho and Salimans 2022, https://arxiv.org/abs/2207.12598"
    lifts = Guided
    to = Captioned

    def __init__(self, *, scale: Annotated[float, Range(0.0, 100.0)] = 2.0) -> None:
        self.scale = scale

    def lift(self, model: Guided, space: Space) -> Captioned:
        """The model under that scale."""
        return _Weighed(model, self.scale)


@dataclass(frozen=True)
class _Weighed(Captioned):
    model: Guided
    scale: float

    def illustrate(self, captions: Sequence[str]) -> Tensor:
        return self.model.illustrate(captions, guidance=self.scale)
