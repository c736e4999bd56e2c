"""A DDPM out of the library diffusers: its U-Net, its noise, and a sampler for each of its schedulers."""

import math
from typing import Annotated, ClassVar

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel, UniPCMultistepScheduler
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench

WIDTH = Annotated[int, genbench.Choice(8, 16, 32, 64, 128)]  # channels at full size; its norms take 8 groups of them
SCHEDULERS = {"ddpm": DDPMScheduler, "ddim": DDIMScheduler, "unipc": UniPCMultistepScheduler}


class DiffusersDDPM(genbench.Model, genbench.Conditional):
    """E|v - v_θ(x_t, t, y)|² goes down, v = √α_bar ε - √(1 - α_bar) x_0, under the cosine schedule with T = 100.

    NFE: 100, 25, and 10 of "unipc-10" (Zhao et al. 2023, https://arxiv.org/abs/2302.04867). It tells no likelihood. The
    U-Net halves both sides where they can be, twice at most and to 4 at least, so an image of odd size costs the most.
    The library's blocks are many and small: on a CPU they train at half the speed of `ddpm`. Training ends after 120
    passes over the images, within the budget.
    """

    name, family = "diffusers-ddpm", genbench.Family.DIFFUSION
    source = "Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239; https://github.com/huggingface/diffusers"
    samplers: ClassVar = {"ddpm": {}, "ddim-25": {"by": "ddim", "steps": 25}, "unipc-10": {"by": "unipc", "steps": 10}}

    def __init__(self, space: genbench.Space, *, width: WIDTH = 16) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"diffusers-ddpm needs images of 2 or more levels, got {space}")
        self.space, (channels, *sides) = space, space.shape
        sizes = min(math.gcd(*sides, 4), max(1, min(sides) // 4)).bit_length()
        blocks = {"down_block_types": ["DownBlock2D"] * sizes, "up_block_types": ["UpBlock2D"] * sizes}
        widths = {"block_out_channels": [width, 2 * width, 4 * width][:sizes], "norm_num_groups": 8}
        ends = {"in_channels": channels, "out_channels": channels, "num_class_embeds": space.classes}
        self.unet = UNet2DModel(layers_per_block=1, **blocks, **widths, **ends)  # keeps keywords alone in its config
        told = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
        self.noising = DDPMScheduler(num_train_timesteps=100, **told)

    def fit(self, data: genbench.TrainingData) -> None:
        """Algorithm 1, and the average of the late weights."""
        most = min(data.images, 120 * len(data.train))
        optimiser = torch.optim.AdamW(self.unet.parameters())
        averaged = AveragedModel(self.unet, multi_avg_fn=get_ema_multi_avg_fn(0.99))
        data.checkpoint(unet=self.unet, optimiser=optimiser, averaged=averaged)
        for x, y in data.batches(64, most=most):
            spent = data.progress_to(most)
            optimiser.param_groups[0]["lr"] = 2e-3 * min(1, 50 * spent, 1 - spent)
            x_0, t = 2 * x / (self.space.levels - 1) - 1, torch.randint(len(self.noising), (len(x),), device=x.device)
            noise = torch.randn_like(x_0)
            v = self.unet(self.noising.add_noise(x_0, noise, t), t, y).sample
            loss = (v - self.noising.get_velocity(x_0, noise, t)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
            optimiser.step()
            averaged.update_parameters(self.unet)
            data.log(loss=loss.item())
        self.unet.load_state_dict(averaged.module.state_dict())

    def sample(self, n: int, *, labels: Tensor | None = None, by: str = "ddpm", steps: int = 100) -> Tensor:
        """Draw n samples by a scheduler of the library in so many steps."""
        if labels is None and self.space.classes:
            labels = torch.randint(self.space.classes, (n,), device=self.unet.device)
        x_t = torch.randn(n, *self.space.shape, device=self.unet.device)
        scheduler = SCHEDULERS[by].from_config(self.noising.config)
        scheduler.set_timesteps(steps, device=x_t.device)
        for t in scheduler.timesteps:
            x_t = scheduler.step(self.unet(x_t, t, labels).sample, t, x_t).prev_sample
        return ((x_t.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)).round().long()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [DiffusersDDPM]
