"""MeanFlow: a U-Net learns the mean velocity between two times, so that one step goes from noise to images."""

from typing import Annotated, ClassVar

import torch
from genbench_unet import UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

PACE = 0.02  # units of the network's time a unit of t: its fastest sines turn by 20 radians, so ∂u/∂t stays moderate
STEP = 0.005  # half the way, in units of t, over which du/dt is a difference
C = 1e-3  # keeps the adaptive weight finite


class MeanFlow(genbench.Model, genbench.Decoder, genbench.Conditional):
    r"""u(z_t, r, t, y) learns the mean of the velocity v from r to t: z_r = z_t - (t - r) u, in one step from t to r.

    z_t = (1 - t) x + t ε goes straight from an image x to noise ε, with velocity v_t = ε - x. Differentiating
    (t - r) u = ∫ v dτ gives the identity that is learnt, eq. 6: u = v - (t - r) du/dt. Minimised is, eq. 9,

        E w |u(z_t, r, t) - sg(v_t - (t - r) (v_t ∂_z u + ∂_t u))|²,    w = 1 / sg(|·|² + c)^p,

    where sg stops gradients. Where r = t this is flow matching. The paper takes du/dt as a Jacobian-vector product by
    forward differentiation; here it is a central difference along (v_t, 0, 1), of two evaluations, which on a CPU costs
    half of that (as in Wang et al. 2025, https://arxiv.org/abs/2509.04394). A latent vector is ε, and a normal for each
    class, by which y is drawn. NFE: one a step. There is no density, and no way back from images to noise. Weak in one
    step, which has to be right for the whole way at once: images lie on a grey haze that two and four steps take off.
    The weights kept are an average over the late training steps.

    Args:
        space: images with integer levels.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        spans: share of the training images with r < t.
        t_mean, t_std: t and r are the larger and the smaller of two draws of σ(N(t_mean, t_std²)).
        power: p of the adaptive weight; 0 is least squares.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "meanflow"
    family = genbench.Family.DIFFUSION
    source = "Geng, Deng, Bai, Kolter and He 2025, https://arxiv.org/abs/2505.13447"
    samplers: ClassVar = {"mean-1": {}, "mean-2": {"steps": 2}, "mean-4": {"steps": 4}}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        spans: Annotated[float, Range(0.0, 1.0)] = 0.5,
        t_mean: Annotated[float, Range(-4.0, 4.0)] = -0.4,
        t_std: Annotated[float, Range(0.1, 4.0)] = 1.6,
        power: Annotated[float, Range(0.0, 2.0)] = 0.75,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"meanflow needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.spans, self.t_mean, self.t_std, self.power = space, spans, t_mean, t_std, power
        self.lr, self.batch, self.epochs = lr, batch, epochs
        self.net = UNet(space, width, depth, dropout, times=2)

    @property
    def latent_dim(self) -> int:
        return self.net.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        """Algorithm 1."""
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=0.0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Eq. 9 for integers x, with the weights of eq. 22: the mean over images."""
        r, t = self.times(len(x), x.device)
        x = self.scaled(x)
        noise = torch.randn_like(x)
        z, v = (1 - spread(t)) * x + spread(t) * noise, noise - x
        wrong = (self.u(z, r, t, label) - self.target(z, v, r, t, label)).square().flatten(1).sum(1)
        return (wrong / (wrong.detach() + C) ** self.power).mean()

    def times(self, n: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """r <= t in (0, 1), [n] each, and r < t in the first rows alone, as many as `spans` says."""
        r, t = (self.t_mean + self.t_std * torch.randn(n, 2, device=device)).sigmoid().sort(dim=1).values.unbind(1)
        return torch.where(torch.arange(n, device=device) < self.spanning(n), r, t), t

    def spanning(self, n: int) -> int:
        """How many of n rows have r < t."""
        return round(self.spans * n)

    def target(self, z: Tensor, v: Tensor, r: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """v - (t - r) du/dt, without gradients; the network drops nothing here. Only rows that span time are asked."""
        k = self.spanning(len(z))
        if k == 0:
            return v
        training = self.net.training
        self.net.eval()
        slope = self.slope(z[:k], v[:k], r[:k], t[:k], None if label is None else label[:k])
        self.net.train(training)
        return torch.cat([v[:k] - spread(t - r)[:k] * slope, v[k:]])

    @torch.no_grad()
    def slope(self, z: Tensor, v: Tensor, r: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """du/dt = v ∂_z u + ∂_t u, eq. 8, a central difference along z + h v at time t + h."""
        ahead, behind = (self.u(z + h * v, r, t + h, label) for h in (STEP, -STEP))
        return (ahead - behind) / (2 * STEP)

    def u(self, z: Tensor, r: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """The mean velocity between r and t, [N or 1] each, of classes [N or 1]; the network is told t and t - r."""
        return self.net(z, PACE * torch.stack([t, t - r], dim=1), label)

    def carried(self, z: Tensor, steps: int, label: Tensor | None = None) -> Tensor:
        """Noise z [N, C, H, W] of classes [N] to images in even steps, eq. 12: float32 in about [-1, 1]."""
        times = torch.linspace(1, 0, steps + 1, device=z.device)
        for t, r in zip(times[:-1].split(1), times[1:].split(1), strict=True):
            z = z - (t - r) * self.u(z, r, t, label)
        return z

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = 1) -> Tensor:
        """Draw n samples in `steps` steps from noise."""
        place = self.net.place.device
        if labels is None:
            noise, labels = self.net.parted(torch.randn(n, self.latent_dim, device=place))
        else:
            noise = torch.randn(n, *self.space.shape, device=place)
        return self.levels(self.carried(noise, steps, labels)).round().long()

    def render(self, z: Tensor) -> Tensor:
        """In one step."""
        noise, label = self.net.parted(z)
        return self.levels(self.carried(noise, 1, label))

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def levels(self, x: Tensor) -> Tensor:
        """Float32 in [-1, 1] → float32 in [0, levels - 1], what lies outside clipped."""
        return (x.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)


def spread(t: Tensor) -> Tensor:
    """One number a row, [N] → [N, 1, 1, 1]."""
    return t.view(-1, 1, 1, 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [MeanFlow]
