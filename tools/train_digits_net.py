"""Makes the weights of `digits-net`: `python tools/train_digits_net.py OUT.safetensors`.

Only the training split of `digits` is trained on. The settings were chosen on a third of all rows, of which 300 are
`valid` today, 143 in `test` and 156 in `held`: to the network these two are alike.
"""

import argparse
import copy
import logging
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import affine_grid, avg_pool2d, cross_entropy, grid_sample, interpolate, mse_loss

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DIM, LEVELS, Network
from genbench.contracts.dataset import SPLITS, Examples
from genbench.seeds import seed_for

STEPS = 2500
BATCH = 128
PEAK_RATE = 4e-3
AVERAGING = 0.995  # decay a step of the weights' moving average, which is what is kept
SMOOTHING = 0.05  # of the labels
MAX_NOISE = 4.0  # largest standard deviation of the added noise, in levels: a quarter of the range
NOISY = 0.5  # share of images with noise
SIGMA_WEIGHT = 0.1  # of the noise estimate in the loss

log = logging.getLogger(__name__)


class Tasks(nn.Module):
    """What training asks of the features: the class, the pixels back, the amount of noise.

    The class alone would collapse each class to a point, and then no score could see how varied a model's sevens are;
    without the other two, noise that leaves the class readable would go unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = Network()
        self.decoder = nn.Sequential(nn.Linear(DIM, 128), nn.GELU(), nn.Linear(128, 64))
        self.sigma = nn.Linear(DIM, 1)

    def forward(self, x: Tensor, y: Tensor, sigma: Tensor) -> Tensor:
        """The loss on pixels [N, 1, 8, 8] in [0, 16], labels [N] and noise deviations [N] in levels."""
        features = self.network.features(x)
        classes = cross_entropy(self.network.classifier(features), y, label_smoothing=SMOOTHING)
        pixels = mse_loss(self.decoder(features), x.flatten(1) / 8 - 1)
        noise = mse_loss(self.sigma(features)[:, 0], sigma / 2)
        return classes + pixels + SIGMA_WEIGHT * noise


def distorted(x: Tensor, generator: torch.Generator) -> Tensor:
    """Digits [N, 1, 8, 8] rotated, scaled, sheared, shifted (up to 0.8 pixels) and bent a little, in [0, 16].

    Sampled at 16×16 and averaged 2×2, much as the data's counts came from 32×32 bitmaps.
    """

    def uniform(bound: float, *shape: int) -> Tensor:
        return (torch.rand(len(x), *shape, generator=generator) * 2 - 1) * bound

    angle, shear = uniform(0.22), uniform(0.2)  # radians; slope
    width, height = uniform(0.12).exp(), uniform(0.12).exp()
    stretch = torch.stack([width, shear, torch.zeros_like(width), height], 1).view(-1, 2, 2)
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    affine = torch.cat([stretch @ rotation, uniform(0.2, 2, 1)], 2)  # [N, 2, 3] in half image sides
    bend = interpolate(uniform(0.08, 2, 4, 4), (16, 16), mode="bicubic").permute(0, 2, 3, 1)
    grid = affine_grid(affine, [len(x), 1, 16, 16], align_corners=False) + bend
    return avg_pool2d(grid_sample(x, grid, mode="bicubic", align_corners=False), 2).clamp(0, LEVELS - 1)


def noisy(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Half of the images [N, 1, 8, 8] with Gaussian noise, clamped to [0, 16], and its deviation [N] in levels."""
    chosen = torch.rand(len(x), generator=generator) < NOISY
    sigma = torch.rand(len(x), generator=generator) * MAX_NOISE * chosen
    noise = torch.randn(x.shape, generator=generator) * sigma.view(-1, 1, 1, 1)
    return (x + noise).clamp(0, LEVELS - 1), sigma


def train(examples: Examples, steps: int) -> Network:
    """The network after `steps` batches, its weights averaged; the same again on one machine with one thread."""
    x, y = _tensors(examples)
    seed = seed_for("digits-net")
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tasks = Tasks()
    averaged = copy.deepcopy(tasks.network)
    optimizer = torch.optim.AdamW(tasks.parameters(), PEAK_RATE, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15, cycle_momentum=False
    )
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH,), generator=generator)
        images, sigma = noisy(distorted(x[rows], generator), generator)
        loss = tasks(images, y[rows], sigma)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        _move(averaged, tasks.network)
    return averaged.eval()


def _move(averaged: Network, network: Network) -> None:
    """One step of the moving average, over weights and the statistics of batch normalisation alike."""
    for mean, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - AVERAGING)
        else:
            mean.copy_(value)


def errors(network: Network, examples: Examples) -> int:
    """How many of the examples the network puts into the wrong class."""
    x, y = _tensors(examples)
    with torch.no_grad():
        return int((network(x).argmax(1) != y).sum())


def _tensors(examples: Examples) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(examples.x).float(), torch.as_tensor(examples.y)


def main(arguments: list[str]) -> None:
    """Train, report the errors on every split, write the weights."""
    parser = argparse.ArgumentParser(description="Train digits-net on one CPU thread (a few minutes).")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--steps", type=int, default=STEPS, help="training batches (default: %(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    torch.set_num_threads(1)
    splits = Digits().splits()
    network = train(splits.train, options.steps)
    for name in SPLITS:
        examples: Examples = getattr(splits, name)
        wrong = errors(network, examples)
        log.info("%s: %d of %d wrong, accuracy %.2f %%", name, wrong, len(examples), 100 - 100 * wrong / len(examples))
    save_file(network.state_dict(), options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
