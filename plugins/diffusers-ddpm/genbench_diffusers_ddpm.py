"""A DDPM out of the library diffusers: its U-Net, its noise, and a sampler for each of its schedulers."""

from typing import Annotated, ClassVar

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel, UniPCMultistepScheduler
from genbench_networks import labels_of
from genbench_training import descend
from torch import Tensor

import genbench

SCHEDULERS = {"ddpm": DDPMScheduler, "ddim": DDIMScheduler, "unipc": UniPCMultistepScheduler}
SCHEDULE = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction", "timestep_spacing": "trailing"}


class DiffusersDDPM(genbench.Model, genbench.Conditional):
    """E|v - v_θ(x_t, t, y)|² goes down, v = √α_bar ε - √(1 - α_bar) x_0, under the cosine schedule with T = 100.

    NFE: 100, 25, 10. No likelihood. Its blocks are many and small: on a CPU they train at half the speed of `ddpm`.
    """

    name, family = "diffusers-ddpm", genbench.Family.DIFFUSION
    source = "Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239; https://github.com/huggingface/diffusers"
    samplers: ClassVar = {"ddpm": {}, "ddim-25": {"by": "ddim", "steps": 25}, "unipc-10": {"by": "unipc", "steps": 10}}

    def __init__(self, space: genbench.Space, *, width: Annotated[int, genbench.Choice(8, 16, 32, 64, 128)] = 16):
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"diffusers-ddpm needs images of 2 or more levels, got {space}")
        self.space, (c, *sides) = space, space.shape
        n = 1 + sum(all(s % f == 0 and s >= 4 * f for s in sides) for f in (2, 4))  # sizes
        blocks = {"down_block_types": ["DownBlock2D"] * n, "up_block_types": ["UpBlock2D"] * n, "layers_per_block": 1}
        widths = {"in_channels": c, "block_out_channels": [width, 2 * width, 4 * width][:n], "out_channels": c}
        self.unet = UNet2DModel(**blocks, **widths, norm_num_groups=8, num_class_embeds=space.classes or 1)
        self.noising = DDPMScheduler(num_train_timesteps=100, **SCHEDULE)

    def fit(self, data: genbench.TrainingData) -> None:
        descend(self.unet, data, self.loss, lr=2e-3, batch=64, epochs=120)

    def loss(self, x: Tensor, y: Tensor | None, _: float) -> dict[str, Tensor]:
        x_0, t = 2 * x / (self.space.levels - 1) - 1, torch.randint(len(self.noising), (len(x),), device=x.device)
        noise = torch.randn_like(x_0)
        v = self.unet(self.noising.add_noise(x_0, noise, t), t, labels_of(x, y)).sample
        return {"loss": (v - self.noising.get_velocity(x_0, noise, t)).square().mean()}

    def sample(self, n: int, *, labels: Tensor | None = None, by: str = "ddpm", steps: int = 100) -> Tensor:
        x_t = torch.randn(n, *self.space.shape, device=self.unet.device)
        y = (torch.randint(self.space.classes or 1, (n,)) if labels is None else labels).to(x_t.device)
        scheduler = SCHEDULERS[by].from_config(self.noising.config)
        scheduler.set_timesteps(steps, device=x_t.device)
        for t in scheduler.timesteps:
            x_t = scheduler.step(self.unet(x_t, t, y).sample, t, x_t).prev_sample
        return ((x_t.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)).round().long()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [DiffusersDDPM]
