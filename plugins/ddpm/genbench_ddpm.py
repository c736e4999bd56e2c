"""A denoising diffusion model: a small U-Net learns to tell noise from image, and many small steps remove it."""

from typing import Annotated, ClassVar

import torch
from genbench_diffusion_schedules import remaining_signal
from genbench_diffusion_solvers import SOLVERS
from genbench_diffusion_targets import at, bound_weight, discretised, implied, target
from genbench_separate_denoisers import MOST, SeparateDenoisers
from genbench_unet import LOOKS, UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

ROWS = 128  # validation images to which variances are fitted
UNTOLD = 0.1  # share of the training images whose class the network is not told: `denoise` is not, either
LAMBDA = 1e-3  # of L_hybrid
TINY = 1e-12  # for β_tilde_1 = 0, of whose divergence nothing is kept


class DDPM(genbench.Model, genbench.ConditionalDensity, genbench.ConditionalDenoiser, genbench.Conditional):
    """q adds Gaussian noise in T steps, p_θ removes it, given the class y; log p_θ is bounded by a sum over all steps.

    Entries are scaled to [-1, 1], so that neighbouring levels lie Δ = 2 / (levels - 1) apart. Below the first step's
    noise √β₁ = 0.4 Δ the decoder of eq. 13 takes over. Of x_t = √α_bar x_0 + √(1 - α_bar) ε the network tells v =
    √α_bar ε - √(1 - α_bar) x_0, or ε, or x_0, from each of which the others follow (Salimans and Ho 2022,
    https://arxiv.org/abs/2202.00512). The paper's own, but for β₁, are the settings steps=1000, schedule=linear,
    tells=eps, loss=simple, variance=beta.

    NFE: T of "ddpm", 25, 10, and 20 of "guided-10", which asks twice a step, with the class and without. "ddpm" alone
    follows p_θ, whose bound `log_prob` tells, but for its last step, which shows the mean of eq. 13, as the paper's
    does. Guidance draws what is typical of its class, and less of what is rare: on the validation split of digits FD is
    1.28 without, 1.38 at 1.25, 1.63 at 1.5 and 2.13 at 2. Weak at speed: a GAN or a flow draws in one step. The weights
    kept are the average of the late ones, for samples and bound alike.

    Args:
        steps: T.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        schedule: how α_bar falls, see `genbench_diffusion_schedules.remaining_signal`.
        networks: one network for all times, or T of them, NN_1 … NN_T, each trained on 1 / T of the images.
        tells: what the network tells.
        loss: of what it tells, over uniform t. "simple": squared error, L_simple of eq. 14. "l1": absolute error.
            "weighted": L_simple with a share of eq. 12's weights. "vlb": L_0 … L_{T-1} of eq. 5 themselves. "hybrid":
            L_simple + λ L_vlb (Nichol and Dhariwal 2021, eq. 16, https://arxiv.org/abs/2102.09672).
        bound: that share, of the loss "weighted".
        variance: σ_t² is β_t ("beta"), β_tilde_t ("posterior"), sec. 3.2; or "fitted" for each entry to what x_0 is
            mistaken by on validation images, which makes the bound the highest there (Bao et al. 2022, an imperfect
            mean, https://arxiv.org/abs/2206.07309); or "learned", told by the network between the first two (Nichol
            and Dhariwal 2021, eq. 15), under "vlb" or "hybrid"; in the latter L_vlb teaches the variance alone.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`. compiled: see `genbench_unet.UNet`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels; or settings that contradict each other.
    """

    name = "ddpm"
    family = genbench.Family.DIFFUSION
    source = "Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239"
    samplers: ClassVar = {
        "ddpm": {},
        "ddim-25": {"method": "ddim", "steps": 25},
        "dpm-10": {"method": "dpm", "steps": 10},
        "guided-10": {"method": "dpm", "steps": 10, "guidance": 1.5},
    }
    described_sampler = "ddpm"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"steps": 50, "width": 16, "depth": 1}

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(2, 4000, log=True)] = 100,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        schedule: Annotated[str, Choice("cosine", "linear", "nichol-dhariwal")] = "cosine",
        networks: Annotated[str, Choice("shared", "separate")] = "shared",
        tells: Annotated[str, Choice("v", "eps", "x0")] = "v",
        loss: Annotated[str, Choice("weighted", "simple", "l1", "vlb", "hybrid")] = "weighted",
        bound: Annotated[float, Range(0.0, 1.0)] = 0.1,
        variance: Annotated[str, Choice("fitted", "posterior", "beta", "learned")] = "fitted",
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"ddpm needs grey or colour images of 2 or more levels, got {space}")
        if variance == "learned" and loss not in ("vlb", "hybrid"):
            raise genbench.Unsuitable(f"variance=learned needs loss=vlb or loss=hybrid to learn it, got loss={loss}")
        if networks == "separate" and steps > MOST:
            raise genbench.Unsuitable(f"networks=separate needs steps of at most {MOST}, got {steps}")
        self.space, self.steps, self.tells, self.variance = space, steps, tells, variance
        self.kind, self.bound, self.lr, self.batch, self.epochs = loss, bound, lr, batch, epochs
        self.half_gap = 1 / (space.levels - 1)
        nets = [
            UNet(space, width, depth, dropout, outputs=1 + (variance == "learned"), compiled=compiled)
            for _ in range(steps if networks == "separate" else 1)
        ]
        self.net = SeparateDenoisers(nets) if networks == "separate" else nets[0]
        self.register_schedule(schedule, variance)

    def register_schedule(self, schedule: str, variance: str) -> None:
        """Buffers of t = 0 … T: α_bar, β and β_tilde [T + 1], entry 0 belongs to the data; σ² [T + 1, C, H, W]."""
        alpha_bar = remaining_signal(schedule, self.steps, first=min((0.8 * self.half_gap) ** 2, 0.1))
        before = torch.cat([alpha_bar[:1], alpha_bar[:-1]])  # α_bar of t - 1, for t = 0 … T
        beta = 1 - alpha_bar / before
        posterior = beta * (1 - before) / (1 - alpha_bar).clamp(min=1e-12)  # β_tilde, eq. 7
        for symbol, value in (("alpha_bar", alpha_bar), ("beta", beta), ("posterior", posterior)):
            self.register_buffer(symbol, value.float())
        sigma2 = beta if variance == "beta" else torch.cat([beta[:2], posterior[2:]])
        self.register_buffer("sigma2", sigma2.float().view(-1, 1, 1, 1).repeat(1, *self.space.shape))

    def fit(self, data: genbench.TrainingData) -> None:
        """Algorithm 1, then the variances."""
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=UNTOLD)
        if self.variance == "fitted":
            self.eval()
            rows = torch.arange(ROWS) * len(data.valid) // ROWS
            y = data.valid.y[rows].to(data.device) if self.net.classes and data.valid.y is not None else None
            self.fit_variance(data.valid.x[rows].to(data.device), y)
            self.train()

    @torch.no_grad()
    def fit_variance(self, x: Tensor, label: Tensor | None) -> None:
        """β_tilde_t, and what the posterior mean strays by since x_0 is predicted, over integers x of classes [N]."""
        x_0 = self.scaled(x)
        for t in range(2, self.steps + 1):
            x_t = self.diffused(x_0, t, torch.randn_like(x_0))
            astray = self.posterior_mean(self.reverse(x_t, t, label)[0] - x_0, torch.zeros_like(x_t), t)
            self.sigma2[t] = self.posterior[t] + astray.square().mean(0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """The loss that is trained by, of integers x at random times.

        The times of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        spaced = torch.arange(len(x), device=x.device) * self.steps // len(x)
        t = 1 + (spaced + torch.randint(self.steps, (1,), device=x.device)) % self.steps  # [N] in 1 … T
        x_0, noise = self.scaled(x), torch.randn(x.shape, device=x.device)
        x_t = self.diffused(x_0, t, noise)
        told, sigma2 = self.told(x_t, t, label)
        astray = target(self.tells, x_0, noise, *self.shares(t)) - told
        simple = (astray.abs() if self.kind == "l1" else astray.square()).flatten(1).mean(1)  # [N]
        if self.kind == "weighted":
            weight = bound_weight(self.tells, self.alpha_bar, self.beta, self.posterior)
            simple = simple * (1 - self.bound + self.bound * weight[t])
        if self.kind not in ("vlb", "hybrid"):
            return simple.mean()
        guess = implied(self.tells, told, x_t, *self.shares(t))
        if self.kind == "hybrid" and self.variance == "learned":
            guess = guess.detach()
        vlb = self.steps * self.nats(x_0, x_t, t, guess, sigma2).mean()
        return vlb if self.kind == "vlb" else simple.mean() + LAMBDA * vlb

    def error(self, x_0: Tensor, t: Tensor, noise: Tensor, label: Tensor | None) -> Tensor:
        """The mean squared error of what is told at times t [N] of classes [N or 1]: [N]."""
        told, _ = self.told(self.diffused(x_0, t, noise), t, label)
        return (target(self.tells, x_0, noise, *self.shares(t)) - told).square().flatten(1).mean(1)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * self.half_gap * x.float() - 1

    def integers(self, x_0: Tensor) -> Tensor:
        """The levels nearest to float32 in [-1, 1]: int64."""
        return ((x_0 + 1) / (2 * self.half_gap)).round().long().clamp(0, self.space.levels - 1)

    def shares(self, t: int | Tensor) -> tuple[Tensor, Tensor]:
        """√α_bar and √(1 - α_bar) at times t [N]: [N, 1, 1, 1] each."""
        alpha_bar = at(self.alpha_bar, t)
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()

    def diffused(self, x_0: Tensor, t: int | Tensor, noise: Tensor) -> Tensor:
        """x_t ~ q(x_t | x_0), eq. 4, made of standard normal noise."""
        signal, noisy = self.shares(t)
        return signal * x_0 + noisy * noise

    def posterior_mean(self, x_0: Tensor, x_t: Tensor, t: int | Tensor) -> Tensor:
        """The mean of q(x_{t-1} | x_t, x_0), eq. 7."""
        beta, alpha_bar = at(self.beta, t), at(self.alpha_bar, t)
        before = at(self.alpha_bar, t - 1)
        return before.sqrt() * beta / (1 - alpha_bar) * x_0 + (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar) * x_t

    def told(self, x_t: Tensor, t: int | Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What the network tells of x_t at times t [N or 1], [N, C, H, W], and σ_t², [N or 1, C, H, W]."""
        t = torch.as_tensor(t, device=x_t.device).view(-1)
        told = self.net(x_t, t / self.steps, label)
        if self.variance != "learned":
            return told, self.sigma2[t]
        told, nu = told.chunk(2, dim=1)
        return told, torch.lerp(self.sigma2[t].log(), at(self.beta, t).log(), (nu + 1) / 2).exp()

    def reverse(
        self, x_t: Tensor, t: int | Tensor, label: Tensor | None = None, guidance: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """x_0 as the network's word implies it, clipped to [-1, 1], and σ_t².

        Guidance s takes what is told without the class, and s times what the class adds to it: 0 is without, 1 with it.
        It is 1 + w of Ho and Salimans 2022, eq. 6, https://arxiv.org/abs/2207.12598.
        """
        told, sigma2 = self.told(x_t, t, label)
        if guidance != 1 and label is not None:
            told = torch.lerp(self.told(x_t, t)[0], told, guidance)
        return implied(self.tells, told, x_t, *self.shares(t)).clamp(-1, 1), sigma2

    def sample(
        self, n: int, *, labels: Tensor | None = None, method: str = "ddpm", steps: int = 0, guidance: float = 1.0
    ) -> Tensor:
        """Draw n samples by "ddpm", all T steps, or in `steps` steps by "ddim" or "dpm"."""
        x_t, label = torch.randn(n, *self.space.shape, device=self.beta.device), self.net.drawn(n, labels)
        if method == "ddpm":
            return self.integers(self.ancestral(x_t, label, guidance))
        return self.integers(self.solved(x_t, method, steps, label, guidance))

    def ancestral(self, x_t: Tensor, label: Tensor | None = None, guidance: float = 1.0) -> Tensor:
        """Algorithm 2 from x_T: float32 [N, C, H, W]. The last step shows its mean without noise, as the paper does."""
        for t in range(self.steps, 0, -1):
            x_0, sigma2 = self.reverse(x_t, t, label, guidance)
            x_t = self.posterior_mean(x_0, x_t, t)
            if t > 1:
                x_t = x_t + sigma2.sqrt() * torch.randn_like(x_t)
        return x_t

    def solved(
        self, x_t: Tensor, method: str, steps: int, label: Tensor | None = None, guidance: float = 1.0
    ) -> Tensor:
        """From x_T by a solver of the ODE: float32 [N, C, H, W], a function of x_T."""
        solver, times = SOLVERS[method]

        def predicted(x_t: Tensor, t: int) -> Tensor:
            return self.reverse(x_t, t, label, guidance)[0]

        return solver(predicted, x_t, times(steps, self.alpha_bar), self.alpha_bar)

    @property
    def sigmas(self) -> Tensor:
        """√(1 / α_bar - 1) of t = 1 … T, [T]: the noise of x_t / √α_bar."""
        return (1 / self.alpha_bar[1:] - 1).sqrt()

    def denoise(self, x: Tensor, sigma: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """x_0 of the class, or of all classes together, clipped to [-1, 1], at the t of the noise nearest to sigma."""
        t = 1 + (self.sigmas.log() - sigma.log()[:, None]).abs().argmin(1)  # [N]
        sigma = sigma.view(-1, 1, 1, 1)
        signal = (1 + sigma.square()).rsqrt()  # √α_bar
        x_t = signal * x
        return implied(self.tells, self.told(x_t, t, labels)[0], x_t, signal, signal * sigma).clamp(-1, 1)

    @property
    def class_prior(self) -> Tensor | None:
        return self.net.share if self.net.classes else None

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """log p(y) and the variational bound -(L_0 + L_1 + … + L_T), eq. 5, with one draw of x_t at each t: [N] nats.

        log p(x) is at least that of any one class y: the one of which x is told best at a few times is taken.
        """
        if labels is not None:
            return -self.bound_terms(x, labels).sum(1)
        times = torch.linspace(0, self.steps, LOOKS + 2, device=x.device)[1:-1].ceil().long()
        label = self.net.likeliest(self.scaled(x), times, self.error)
        nats = -self.bound_terms(x, label).sum(1)
        return nats if label is None else nats + self.net.share[label].log()

    def bound_terms(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """int64 [N, C, H, W] of classes [N] → [N, T + 1] nats: L_0, L_1, …, L_T."""
        x_0 = self.scaled(x)
        alpha_bar = self.alpha_bar[-1]
        prior = (alpha_bar * x_0.square() - alpha_bar - torch.log1p(-alpha_bar)) / 2
        terms = [self.step_nats(x_0, t, label) for t in range(1, self.steps + 1)]
        return torch.stack([term.flatten(1).sum(1) for term in (*terms, prior)], dim=1)

    def step_nats(self, x_0: Tensor, t: int, label: Tensor | None = None) -> Tensor:
        """L_{t-1} of eq. 5 with one draw of x_t, for each entry [N, C, H, W]."""
        x_t = self.diffused(x_0, t, torch.randn_like(x_0))
        return self.nats(x_0, x_t, t, *self.reverse(x_t, t, label))

    def nats(self, x_0: Tensor, x_t: Tensor, t: int | Tensor, guess: Tensor, sigma2: Tensor) -> Tensor:
        """L_{t-1} of eq. 5 for each entry [N, C, H, W]: a KL divergence of two Gaussians, or at t = 1 the decoder.

        At times t [N], or one for all, of the network's `guess` at x_0, with σ_t² [N or 1, C, H, W].
        """
        mean = self.posterior_mean(guess, x_t, t)
        ratio = at(self.posterior.clamp(min=TINY), t) / sigma2
        error = (self.posterior_mean(x_0, x_t, t) - mean).square()
        nats = (ratio - 1 - ratio.log() + error / sigma2) / 2
        first = torch.as_tensor(t, device=x_0.device).eq(1).expand(len(x_0))  # [N]
        sigma = sigma2.sqrt().expand_as(x_0)
        nats[first] = -discretised(x_0[first], mean[first], sigma[first], self.half_gap)
        return nats


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [DDPM]
