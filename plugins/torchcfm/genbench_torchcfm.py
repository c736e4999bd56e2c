"""Flow matching by the library torchcfm: noise is coupled to images by optimal transport in each batch."""

from typing import Annotated

import torch
from genbench_flow_matching import FlowMatching, even_times
from torch import Tensor, nn

import genbench
from genbench import Choice, Range

FAR = 100.0  # between two classes, where entries differ by a few: transport never crosses it


class TorchCFM(FlowMatching):
    """`flow-matching` with x_t ~ N((1 - t) x + t z, σ²) and (x, z) coupled: eq. 14, 15 and 17, time turned around.

    Optimal transport within a batch says which noise goes to which image, so that paths seldom cross and fewer steps
    follow them; a batch couples few points in many dimensions, which straightens little. It is made in each class:
    across them, noise would depend on y. NFE: N of "euler-N", 2 N of "midpoint-N".

    Args:
        coupling: "exact" optimal transport (OT-CFM), or "independent" (I-CFM), which is flow matching.
        sigma: σ, where entries lie in [-1, 1]. The rest is `FlowMatching`'s.
    """

    name = "torchcfm"
    source = "Tong et al. 2024, https://arxiv.org/abs/2302.00482; https://github.com/atong01/conditional-flow-matching"

    def __init__(
        self,
        space: genbench.Space,
        *,
        coupling: Annotated[str, Choice("exact", "independent")] = "exact",
        sigma: Annotated[float, Range(0.0, 1.0)] = 0.0,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
    ) -> None:
        super().__init__(space, width=width)
        try:
            from torchcfm import ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher
        except ImportError as error:  # it comes with much that this model does not need, so that not all have it
            raise genbench.Unsuitable(f'{error}: pip install "./plugins/torchcfm[torchcfm]"') from None
        matchers = {"exact": ExactOptimalTransportConditionalFlowMatcher, "independent": ConditionalFlowMatcher}
        self.matcher = matchers[coupling](sigma)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        t, x = even_times(x), self.scaled(x)
        y = x.new_zeros(len(x), 0) if label is None else FAR * nn.functional.one_hot(label, self.net.classes)
        ends = (torch.cat([end.flatten(1), y], dim=1) for end in (x, torch.randn_like(x)))
        t, x_t, u_t = self.matcher.sample_location_and_conditional_flow(*ends, t)  # [N, D + classes]: y goes along
        label = None if label is None else x_t[:, self.space.dim :].argmax(1)
        x_t, u_t = (rows[:, : self.space.dim].view(x.shape) for rows in (x_t, u_t))
        return (self.net(x_t, t, label) - u_t).square().mean()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [TorchCFM]
