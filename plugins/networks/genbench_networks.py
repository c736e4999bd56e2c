"""Parts that first-party models are built of: residual blocks, an output of integers, Gaussians of classes."""

import math

import torch
from torch import Tensor, nn

import genbench

LARGEST = 2**25  # entries of the maps of all classes, 128 MiB in float32: where they are more, all share one
MOST = 16_384  # entries of one map: it then takes 1 GiB
SHRINKAGE = 0.2  # the weight, in a class's covariance, of the one within all classes
JITTER = 1e-4  # share of the mean variance that is added to every variance


def labels_of(x: Tensor, y: Tensor | None) -> Tensor:
    """The classes of images x, [N] int64: all the same where there are none."""
    return torch.zeros(len(x), dtype=torch.int64, device=x.device) if y is None else y


def drawn(split: genbench.Split, rows: int) -> tuple[Tensor, Tensor]:
    """Images [rows, C, H, W] of a split and their classes [rows], drawn at random, some more than once."""
    where = torch.randint(len(split), (rows,))
    return split.x[where], labels_of(where, split.y and split.y[where])


def halvings(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Heights and widths from the image's own down, halved and rounded up, until a side is below 8."""
    sizes = [shape[1:]]
    while min(sizes[-1]) >= 8:
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    return sizes


def narrowed(width: int, shape: tuple[int, int, int]) -> int:
    """Channels for images of `shape`, where `width` are right for 8×8 pixels: nothing smaller has more.

    Work for an image is as its pixels times the square of the channels. Here that grows as the root of the pixels,
    but for rounding to the nearest multiple of 8.
    """
    share = min(1.0, (64 / math.prod(shape[1:])) ** 0.25)
    return min(width, 8 * max(1, round(share * width / 8)))


def spared(model: nn.Module, passes: float) -> None:
    """Turn dropout down where training passes over its images fewer than 100 times: it is against learning by heart."""
    for module in model.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p *= min(1.0, passes / 100)


def class_of(g: Tensor, share: Tensor) -> Tensor:
    """The classes [N] that normals g [N, classes] stand for, drawn by `share`, p(y): the first of exponential clocks.

    It is the y of the largest log Φ(g_y) / p(y), with probability p(y).
    """
    return (torch.special.log_ndtr(g) / share.clamp(min=1e-12)).argmax(1)


def normals_of(label: Tensor, classes: int) -> Tensor:
    """Normals [N, classes] that stand for classes [N]: the own entry is √classes, as far out as normals lie.

    It is 3 at least, by which `class_of` knows every class of p(y) > .002.
    """
    return max(3.0, math.sqrt(classes)) * nn.functional.one_hot(label, classes)


class Mix(nn.Conv2d):
    """A 1×1 convolution, as a product of matrices: on a CPU that takes half the time."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, H, W] → [N, after, H, W]; of one place alone [N, before] → [N, after]."""
        if x.dim() == 2:
            return nn.functional.linear(x, self.weight.flatten(1), self.bias)
        weight, bias = (part.flatten(1).expand(len(x), -1, -1) for part in (self.weight, self.bias[:, None]))
        return torch.baddbmm(bias, weight, x.flatten(2)).unflatten(2, x.shape[2:])


class Residual(nn.Module):
    """x + f(x) with f of two convolutions, 3×3 and 1×1, and channels dropped between them."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        first, last = nn.Conv2d(width, width, 3, padding=1), Mix(width, width)
        self.f = nn.Sequential(nn.SiLU(), first, nn.SiLU(), nn.Dropout2d(dropout), last)

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] → the same shape."""
        return x + self.f(x)


class LogisticMixture:
    """p(x|z): at each pixel one of K logistics, rounded to the nearest level; the channels share the choice.

    The mass of level v is σ((v + ½ - m)/s) - σ((v - ½ - m)/s); the two outermost levels take the tails.

    Args:
        parameters: [N, K (1 + 2C), H, W], the decoder's output: K logits, then K C means, then K C log-scales.
        space: the channels and levels of x.
    Source: Salimans et al. 2017, eq. 2, https://arxiv.org/abs/1701.05517, without its autoregression
    """

    def __init__(self, parameters: Tensor, space: genbench.Space) -> None:
        c, (h, w) = space.shape[0], parameters.shape[2:]
        k = parameters.shape[1] // (1 + 2 * c)
        logits, rest = parameters.split([k, 2 * k * c], dim=1)
        m, log_s = rest.view(-1, 2, k, c, h, w).unbind(1)  # [N, K, C, H, W] each
        self.top = space.levels - 1
        self.log_weight = logits.log_softmax(1)  # [N, K, H, W]
        self.m = (m + 1) / 2 * self.top
        self.log_s = log_s.clamp(-7, 3) + math.log(space.levels / 4)

    def log_prob(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → [N] nats."""
        return self.log_mass(x).sum((1, 2))

    def log_mass(self, x: Tensor) -> Tensor:
        """The same of each pixel, [N, H, W], by σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b-a)), which loses no digits."""
        x, rate = x.unsqueeze(1), (-self.log_s).exp()
        below = nn.functional.logsigmoid((x + 0.5 - self.m) * rate)
        above = nn.functional.logsigmoid((self.m - x + 0.5) * rate)
        inside = below + above + torch.log(-torch.expm1(-rate))
        log_mass = torch.where(x == 0, below, torch.where(x == self.top, above, inside))
        return (self.log_weight + log_mass.sum(2)).logsumexp(1)

    def masses(self) -> Tensor:
        """p of every level of grey pixels, [N, levels, H, W], by quick differences: right to 1e-6."""
        edges = torch.arange(self.top, device=self.m.device)[:, None, None] + 0.5
        below = torch.sigmoid((edges - self.m) * (-self.log_s).exp())  # [N, K, levels - 1, H, W], of the edges inside
        below = (self.log_weight.exp().unsqueeze(2) * below).sum(1)
        return nn.functional.pad(below, (0, 0, 0, 0, 0, 1), value=1).diff(dim=1, prepend=0 * below[:, :1]).clamp(min=0)

    def sample(self) -> Tensor:
        """int64 [N, C, H, W], one draw: choose a logistic, invert its distribution function, round."""
        choice = torch.distributions.Categorical(logits=self.log_weight.movedim(1, -1)).sample()  # [N, H, W]
        index = choice[:, None, None].expand(-1, 1, self.m.shape[2], -1, -1)
        m, s = self.m.gather(1, index).squeeze(1), self.log_s.gather(1, index).squeeze(1).exp()
        u = torch.rand_like(m)
        return self.rounded(m + s * (u.log() - torch.log1p(-u)))

    def mean(self) -> Tensor:
        """float32 [N, C, H, W] in [0, levels - 1]: the mixture's mean, each logistic's taken at its centre inside."""
        return (self.log_weight.exp().unsqueeze(2) * self.m.clamp(0, self.top)).sum(1).clamp(max=self.top)

    def rounded(self, x: Tensor) -> Tensor:
        """The levels nearest to x, int64."""
        return x.clamp(0, self.top).round().long()


class ClassGaussians(nn.Module):
    """The law of z: N(μ_y, Σ_y) in each class y, by a triangular map z ↦ e = W_y (z - μ_y), e ~ N(0, I).

    It is fitted in closed form. A latent vector is e, and, where there are several classes, a normal for each, by
    which y is drawn (`class_of`).

    Raises:
        Unsuitable: more entries than a covariance can be told of.
    """

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        if dim > MOST:
            raise genbench.Unsuitable(f"a covariance over {dim} entries is too large: at most {MOST}")
        maps = classes if classes * dim**2 <= LARGEST else 1
        self.register_buffer("mu", torch.zeros(classes, dim))
        self.register_buffer("W", torch.eye(dim).repeat(maps, 1, 1))  # lower triangular
        self.register_buffer("share", torch.full((classes,), 1 / classes))  # p(y)

    @property
    def latent_dim(self) -> int:
        """Entries of a latent vector."""
        return self.mu.shape[1] + (len(self.share) if len(self.share) > 1 else 0)

    def fit(self, z: Tensor, label: Tensor) -> None:
        """Take the means and covariances of z [N, D] of classes [N], shrunk to the one within all classes."""
        z = z.double()
        counts = torch.bincount(label, minlength=len(self.mu)).clamp(min=1)
        mu = torch.zeros(len(self.mu), z.shape[1], dtype=z.dtype).index_add_(0, label, z) / counts[:, None]
        within = z - mu[label]
        pooled = within.T @ within / len(z)
        floor = JITTER * pooled.diagonal().mean().clamp(min=1e-12) * torch.eye(z.shape[1], dtype=z.dtype)
        self.mu.copy_(mu)
        self.share.copy_(torch.bincount(label, minlength=len(self.mu)) / len(z))
        for i in range(len(self.W)):
            own = within[label == i] if len(self.W) > 1 else within
            cov = own.T @ own / max(len(own), 1)
            tril = torch.linalg.cholesky((1 - SHRINKAGE) * cov + SHRINKAGE * pooled + floor)
            self.W[i] = torch.linalg.solve_triangular(tril, torch.eye(len(tril), dtype=z.dtype), upper=False)

    def forward(self, z: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """z [N, D] of classes [N] → e of the same shape, and log|∂e/∂z| [N]."""
        e, which = z - self.mu[label], label if len(self.W) > 1 else torch.zeros_like(label)
        mapped = torch.empty_like(e)
        for i in which.unique().tolist():
            mapped[which == i] = e[which == i] @ self.W[i].T
        return mapped, self.W.diagonal(dim1=1, dim2=2).log().sum(1)[which]

    def inverse(self, e: Tensor, label: Tensor) -> Tensor:
        """The z that `forward` maps to e."""
        which = label if len(self.W) > 1 else torch.zeros_like(label)
        z = torch.empty_like(e)
        for i in which.unique().tolist():
            z[which == i] = torch.linalg.solve_triangular(self.W[i], e[which == i].T, upper=False).T
        return z + self.mu[label]

    def log_prob(self, z: Tensor, label: Tensor) -> Tensor:
        """log N(z; μ_y, Σ_y) of z [N, D] of classes [N]: [N] nats."""
        e, log_det = self(z, label)
        return log_det - 0.5 * (e.square() + math.log(2 * math.pi)).sum(1)

    def joint(self, z: Tensor) -> Tensor:
        """log p(y) N(z; μ_y, Σ_y) of z [N, D] and every class y: [N, classes] nats."""
        every = torch.arange(len(self.share), device=z.device)
        return torch.stack([self.log_prob(z, y.expand(len(z))) for y in every], dim=1) + self.share.log()

    def joined(self, e: Tensor, label: Tensor) -> Tensor:
        """The latent vector of e [N, D] in classes [N]."""
        return e if len(self.share) == 1 else torch.cat([e, normals_of(label, len(self.share))], dim=1)

    def parted(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """e [N, D] and the classes [N] of latent vectors."""
        e, g = latent.split([self.mu.shape[1], latent.shape[1] - self.mu.shape[1]], dim=1)
        if len(self.share) == 1:
            return e, torch.zeros(len(e), dtype=torch.int64, device=e.device)
        return e, class_of(g, self.share)

    def drawn(self, n: int, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """e [n, D] and the classes [n] of n draws; the classes are `labels` where these are given."""
        if labels is None:
            return self.parted(torch.randn(n, self.latent_dim, device=self.mu.device))
        return torch.randn(n, self.mu.shape[1], device=self.mu.device), labels
