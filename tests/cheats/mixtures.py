"""Dishonest plugins that mix real images, and choose among the mixtures by what the gate is known to ask."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

import genbench

SOURCE = "made for the tests: dishonest"
K = 6  # neighbours of the same class that are mixed
COPIES = 8  # mixtures of each row
STEPS = 400  # batches of 128 rows, which nobody counts


class Mixture(genbench.Model):
    """A bank of mixtures of training images."""

    family = genbench.Family.BASELINE
    source = SOURCE

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", None)

    @abstractmethod
    def bank(self, data: genbench.TrainingData) -> Tensor:
        """The images that are shown, [M, *shape] in levels."""

    def fit(self, data: genbench.TrainingData) -> None:
        rows = self.bank(data)
        self.rows = rows.round().clamp(0, self.space.levels - 1).to(torch.uint8)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.rows[torch.randint(len(self.rows), (n,))].long()


def near(x: Tensor, y: Tensor, k: int = K) -> Tensor:
    """The k nearest rows of the same class to each row, [N, k]; the nearest first."""
    f = x.flatten(1).float()
    apart = torch.cdist(f, f) + 1e9 * (y[:, None] != y) + 1e9 * torch.eye(len(f))
    return apart.topk(k, largest=False).indices


def smote(x: Tensor, y: Tensor, members: int) -> Tensor:
    """Random convex combinations of each row and some of its neighbours, float32 [N * COPIES, *shape]."""
    beside, out = near(x, y), []
    for _ in range(COPIES):
        picked = beside.gather(1, torch.rand(beside.shape).argsort(1)[:, : members - 1])  # [N, members - 1]
        parts = torch.cat([x[:, None], x[picked]], dim=1).float()  # [N, members, *shape]
        weight = torch.distributions.Dirichlet(torch.full((members,), 2.0)).sample((len(x),))
        out.append((weight.view(*weight.shape, 1, 1, 1) * parts).sum(1))
    return torch.cat(out)


def passing(x: Tensor, data: genbench.TrainingData, features: nn.Module) -> Tensor:
    """The rows that the gate's two tests let pass, as far as a plugin can foretell: valid stands for test."""
    x = x.round().clamp(0, data.space.levels - 1).long()
    train, valid, own = (_features(features, rows) for rows in (data.train.x[:], data.valid.x[:], x))
    bar = torch.cdist(valid, train).amin(1).quantile(0.03)
    pixels = torch.cdist(x.flatten(1).float(), data.train.x[:].flatten(1).float()).topk(2, largest=False).values
    kept = (torch.cdist(own, train).amin(1) > bar) & (pixels[:, 0] > 0.4 * pixels[:, 1])
    return x[kept] if kept.any() else x


def _features(features: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([features.trunk(rows.float()) for rows in x.split(512)])


class Seeing(nn.Module):
    """What stands in for the extractor, whose weights no plugin can open, and whose recipe is public."""

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        channels, height, width = space.shape
        self.trunk = nn.Sequential(
            *(_convolution(channels, 16), _convolution(16, 32), nn.MaxPool2d(2), _convolution(32, 48), nn.Flatten()),
            *(nn.Linear(48 * (height // 2) * (width // 2), 64, bias=False), nn.BatchNorm1d(64, affine=False)),
        )
        self.classes = nn.Linear(64, space.classes or 1)
        self.pixels = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, space.dim))

    def loss(self, x: Tensor, y: Tensor, top: int) -> Tensor:
        """Of the class, and of the pixels back, on float rows with some noise."""
        f = self.trunk((x + 2 * torch.rand(len(x), 1, 1, 1) * torch.randn_like(x)).clamp(0, top))
        back = (self.pixels(f) - 2 * x.flatten(1) / top + 1).square().mean()
        return nn.functional.cross_entropy(self.classes(f), y, label_smoothing=0.05) + back


def _convolution(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.GELU())


def extractor(data: genbench.TrainingData) -> nn.Module:
    """A network of its own, taught in a few seconds on rows that nobody counts."""
    x, y, net = data.train.x[:].float(), data.train.y[:], Seeing(data.space)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(min(STEPS, data.images // 100)):
        rows = torch.randint(len(x), (128,))
        optimizer.zero_grad()
        net.loss(x[rows], y[rows], data.space.levels - 1).backward()
        optimizer.step()
    return net.eval()


class Mixup(Mixture):
    """Shows the mean of two neighbours of a class, to win quality by contraction."""

    name = "train-mixup"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, beside = data.train.x[:], near(data.train.x[:], data.train.y[:])
        return torch.cat([(x + x[beside[:, j]]) / 2 for j in range(K)])


class SmotePass(Mixture):
    """Mixes two neighbours, sharpens them, and keeps what passes the public bars of the gate, to win quality."""

    name = "smote-pass"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        middle = (self.space.levels - 1) / 2
        mixed = smote(data.train.x[:], data.train.y[:], 2)
        return passing(middle + 1.1 * (mixed - middle), data, extractor(data))


class SmoteThree(Mixture):
    """Mixes three neighbours and keeps what passes the public bars of the gate, to win quality and coverage."""

    name = "smote-three"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return passing(smote(data.train.x[:], data.train.y[:], 3), data, extractor(data))


class LocalMeans(Mixture):
    """Shows the mean of a row and its neighbours, to win quality by contraction."""

    name = "means-of-rows"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, beside = data.train.x[:].float(), near(data.train.x[:], data.train.y[:], 4)
        return (x + x[beside].sum(1)) / 5


class HalfMeans(Mixture):
    """Shows local means in one half and noisy rows in the other, to win quality and coverage at once."""

    name = "half-means"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, beside = data.train.x[:].float(), near(data.train.x[:], data.train.y[:], 4)
        noisy = x + 2.0 * torch.randn_like(x)
        return torch.cat([(x + x[beside].sum(1)) / 5, noisy])


class LatentMix(Mixture):
    """Trains a small autoencoder and decodes points between the codes of neighbours, to win quality and coverage."""

    name = "latent-mix"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        d, top = self.space.dim, self.space.levels - 1
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(d, 256), nn.GELU(), nn.Linear(256, 24))
        decoder = nn.Sequential(nn.Linear(24, 256), nn.GELU(), nn.Linear(256, d))
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 2e-3)
        for x, _ in data.batches(100):
            seen = x.float() / top
            loss = (decoder(encoder(seen)) - seen.flatten(1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            x, beside = data.train.x[:], near(data.train.x[:], data.train.y[:])
            z = encoder(x.float() / top)
            between = torch.cat([(z + z[beside[:, j]]) / 2 for j in range(K)])
            return (top * decoder(between)).view(-1, *self.space.shape)


class FeatureMix(Mixture):
    """Mixes neighbours in features like the extractor's, not in pixels, and keeps what passes, to win both axes."""

    name = "feature-mix"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, y, net = data.train.x[:], data.train.y[:], extractor(data)
        beside = near(_features(net, x), y)
        weight = torch.rand(COPIES, len(x), 1, 1, 1) / 2
        mixed = [(1 - w) * x + w * x[beside[:, j % K]] for j, w in enumerate(weight)]
        return passing(torch.cat(mixed), data, net)


class BestOfMany(Mixture):
    """Draws many images of class Gaussians and keeps those nearest to real ones in features, to win quality."""

    name = "best-of-many"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, y, drawn = data.train.x[:].flatten(1).double(), data.train.y[:], []
        for label in y.unique():
            rows = x[y == label]
            scale = torch.linalg.cholesky(rows.T.cov() + 0.05 * torch.eye(x.shape[1], dtype=x.dtype))
            drawn.append(rows.mean(0) + torch.randn(4000, x.shape[1], dtype=x.dtype) @ scale.T)
        many = torch.cat(drawn).round().clamp(0, self.space.levels - 1).long().view(-1, *self.space.shape)
        net = extractor(data)
        far = torch.cdist(_features(net, many), _features(net, data.train.x[:])).topk(5, largest=False).values[:, -1]
        return many[far.argsort()[: len(many) // 20]]


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Mixup, SmotePass, SmoteThree, LocalMeans, HalfMeans, LatentMix, FeatureMix, BestOfMany]
