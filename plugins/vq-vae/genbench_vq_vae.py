"""The vector-quantised variational autoencoder: images as maps of codes, and an autoregressive prior over these."""

from typing import Annotated, ClassVar

import torch
from genbench_codes import Codebook, CodePrior
from genbench_convolutional import decoder, encoder, map_sizes
from genbench_networks import LogisticMixture, labels_of, narrowed, spared
from genbench_stages import log, stage, step
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench
from genbench import Range

ROWS = 500  # maps of codes that pass the prior at a time in `log_prob`, each under every class


class VQVAE(genbench.Model, genbench.Density, genbench.Conditional):
    """p(x) = Σ_y p(y) Σ_k p(k|y) p(x|e_k), k a map of codes; the encoder gives an image those nearest to z_e(x), eq. 1.

    The first stage minimises -log p(x|e_k) + β |z_e(x) - sg e_k|², eq. 3, in nats a dimension and in the mean over
    entries. The decoder's gradient passes from e_k to z_e(x) as if nothing had been rounded, and the book follows the
    encoder as running means (appendix A.1). The second stage maximises log p(k|y) of the codes that the finished
    encoder gives, by a Gated PixelCNN over the map, of which the weights are an average over the late steps. p(x|e_k)
    is a mixture of discretised logistics at each pixel.

    `log_prob` is the bound of the one map that the encoder gives (sec. 3.2): log p(x|e_k) + log Σ_y p(y) p(k|y). It is
    no tight one: several maps explain an image nearly as well, and nothing in training pays for the nats of a code.
    Kept are the late weights. Where images are few, codes and pixels grow too sure of those that were seen, and the
    bound of others gets worse while samples still get better.

    `ancestral` draws k, then x from p(x|e_k): the law that is bounded. `mean` shows the mean of p(x|e_k) instead.
    Either asks the prior once for each code, and the decoder once. Codes are discrete, so there is no latent vector.

    Args:
        space: images with integer levels.
        codes: K, in the book.
        dim: entries of a code's vector.
        halved: how often the map is half as high and wide as the image, while a side is not below 4.
        width: channels of encoder and decoder at full size, fewer where images have more than 8×8 pixels.
        mixtures: logistics a pixel.
        beta: the weight of the commitment term.
        prior_width, prior_layers: channels and gated layers of each stack of the prior.
        dropout, prior_dropout: of channels in encoder and decoder, and in the prior, in training, less where images
            are seldom seen twice.
        share: of the budget, for the first stage.
        lr: AdamW's learning rate at the start of each stage; it falls linearly to 0.
        batch: images a step.
        epochs: passes over the training set at most, of both stages, within the budget.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "vq-vae"
    family = genbench.Family.VAE
    source = "van den Oord, Vinyals and Kavukcuoglu 2017, https://arxiv.org/abs/1711.00937"
    samplers: ClassVar = {"ancestral": {}, "mean": {"noise": False}}
    described_sampler = "ancestral"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"codes": 16, "width": 16, "prior_width": 16, "prior_layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        codes: Annotated[int, Range(2, 8192, log=True)] = 32,
        dim: Annotated[int, Range(1, 512, log=True)] = 16,
        halved: Annotated[int, Range(0, 4)] = 2,
        width: Annotated[int, Range(4, 512, log=True)] = 32,
        mixtures: Annotated[int, Range(1, 64)] = 4,
        beta: Annotated[float, Range(1e-3, 10, log=True)] = 0.25,
        prior_width: Annotated[int, Range(4, 512, log=True)] = 32,
        prior_layers: Annotated[int, Range(1, 32)] = 4,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        prior_dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
        share: Annotated[float, Range(0.05, 0.95)] = 0.4,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 32,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 100,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"vq-vae needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.beta, self.share = space, beta, share
        self.lr, self.batch, self.epochs = lr, batch, epochs
        classes, width, out = space.classes or 1, narrowed(width, space.shape), mixtures * (1 + 2 * space.shape[0])
        self.encoder = encoder(space.shape, halved, width, dim, dropout)
        self.book = Codebook(codes, dim)
        self.decoder = decoder(space.shape, halved, width, dim, out, dropout)
        size = map_sizes(space.shape, halved)[-1]
        self.prior = CodePrior(codes, size, classes, prior_width, prior_layers, prior_dropout)
        self.register_buffer("p_y", torch.full((classes,), 1 / classes))

    def fit(self, data: genbench.TrainingData) -> None:
        """The codes, then their prior. Between the stages nothing changes, so that a fit may be taken up in either."""
        most = min(data.images, self.epochs * len(data.train))
        spared(self, most / len(data.train))
        if data.train.y is not None:
            self.p_y.copy_(torch.bincount(data.train.y[:], minlength=len(self.p_y)) / len(data.train))
        first = torch.optim.AdamW([*self.encoder.parameters(), *self.decoder.parameters()], self.lr, weight_decay=1e-4)
        second = torch.optim.AdamW(self.prior.parameters(), self.lr, weight_decay=1e-4)
        steps = (1 - self.share) * most / self.batch
        averaged = AveragedModel(self.prior, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + steps / 20)))
        data.checkpoint(model=self, first=first, second=second, averaged=averaged)
        told = {"most": most, "batch": self.batch, "lr": self.lr}
        for x, _ in stage(data, first, (0.0, self.share), **told):
            nats, commitment = self.terms(x)
            step(first, nats.mean() / self.space.dim + self.beta * commitment)
            log(data, most, nats_per_dim=nats / self.space.dim, commitment=commitment)
        self.encoder.eval()  # codes without dropout, as they will be asked for
        for x, y in stage(data, second, (self.share, 1.0), **told):
            nats = -self.prior.log_prob(self.codes(x), labels_of(x, y))
            step(second, nats.mean() / self.space.dim)
            averaged.update_parameters(self.prior)
            log(data, most, prior_nats_per_dim=nats / self.space.dim)
        self.prior.load_state_dict(averaged.module.state_dict())

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|e_k), [N] nats, and the mean of |z_e(x) - sg e_k|² over entries. The book follows what it sees."""
        z_e = self.encoder(self._scaled(x))
        k = self.book.nearest(z_e)
        e_k = self.book(k)
        nats = -self._pixels(z_e + (e_k - z_e).detach()).log_prob(x)  # straight through: the gradient of e_k is z_e's
        commitment = (z_e - e_k).square().mean()
        self.book.follow(z_e.detach(), k)
        return nats, commitment

    def _scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1

    def _pixels(self, z_q: Tensor) -> LogisticMixture:
        return LogisticMixture(self.decoder(z_q), self.space)

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """The map of an image's codes: int64 [N, C, H, W] → int64 [N, h, w]."""
        return self.book.nearest(self.encoder(self._scaled(x)))

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.cat([self._log_prob(rows) for rows in x.split(max(1, ROWS // len(self.p_y)))])

    def _log_prob(self, x: Tensor) -> Tensor:
        k, every = self.codes(x), torch.arange(len(self.p_y), device=x.device)
        prior = self.prior.log_prob(k.repeat_interleave(len(every), 0), every.repeat(len(x))).view(len(x), -1)
        return self._pixels(self.book(k)).log_prob(x) + (prior + self.p_y.log()).logsumexp(1)

    def sample(self, n: int, *, labels: Tensor | None = None, noise: bool = True, temperature: float = 1.0) -> Tensor:
        """Draw codes by the prior to the power 1 / temperature, then pixels, or without noise their means."""
        y = self.p_y.multinomial(n, replacement=True) if labels is None else labels
        pixels = self._pixels(self.book(self.prior.sample(y, temperature)))
        return pixels.sample() if noise else pixels.rounded(pixels.mean())


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [VQVAE]
