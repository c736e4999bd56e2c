"""Model: what a plugin implements. Its capabilities are types: Density, Conditional, Latent."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from genbench.contracts.assets import Asset
from genbench.contracts.training import TrainingData
from genbench.errors import unknown
from genbench.records.kinds import Family, Likelihood

NEEDS = ("network", "files")  # TCP connections; files of the user outside the trial


class Model(nn.Module, ABC):
    """A generative model of one Space. All that `sample` needs lives in parameters and buffers.

    The harness saves `state_dict()` after `fit` and samples from a fresh instance, made in another process under
    another seed, that loaded it: what lives anywhere else is lost. Settings are the constructor's keyword-only
    arguments, each with a type (int, float, bool, str) and a default, perhaps `Annotated[int, Range(16, 1024)]`:

        def __init__(self, space: Space, *, hidden: Annotated[int, Range(16, 1024, log=True)] = 256) -> None: ...

    The constructor raises `genbench.Unsuitable("needs an even height and width")` where these settings cannot serve
    this Space. `sample` and `log_prob` run under `eval()` and `torch.no_grad()`, on the module's device, with a seed
    set per batch: draw from torch's default generator.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    source: ClassVar[str]  # paper, year and URL
    samplers: ClassVar[Mapping[str, Mapping[str, object]]] = {"default": {}}
    assets: ClassVar[Mapping[str, Asset]] = {}
    needs: ClassVar[tuple[str, ...]] = ()  # what it asks for beyond its own folder, of NEEDS; the board shows it

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Train on `data`: `for x, y in data.batches(128): …` until the budget ends."""

    @abstractmethod
    def sample(self, n: int, *, labels: Tensor | None = None, **sampler: object) -> Tensor:
        """Draw n samples.

        Args:
            n: how many.
            labels: [n] int64 in [0, classes) where the model is Conditional and the Space has classes, else None.
            sampler: the settings of one of `samplers`.
        Returns:
            int64 [n, *shape] in [0, levels); float32 where the Space has no levels.
        """

    def asset(self, name: str) -> Path:
        """The verified path of a declared external asset.

        Raises:
            GenbenchError: no such asset is declared, the file is missing, or its bytes are not the declared ones.
        """
        if name not in self.assets:
            raise unknown("asset", name, self.assets)
        return self.assets[name].verified()


class Density(ABC):
    """A model whose samples have a probability that can be computed, bounded or estimated."""

    described_sampler: ClassVar[str] = ""  # the sampler whose law `log_prob` describes; "": the first one
    audit_settings: ClassVar[Mapping[str, object]] = {}  # settings with which the class fits tiny audit spaces

    @property
    @abstractmethod
    def likelihood(self) -> Likelihood:
        """The kind of number that `log_prob` returns; per instance, since settings may change it."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of each sample.

        Args:
            x: int64 [N, *shape]; float32 where the Space has no levels.
        Returns:
            [N] nats of the integer sample (of the density where the Space has no levels). The harness divides.
        """


class Conditional:
    """A model whose `sample` obeys `labels`; the harness draws them from the training marginal."""


class Latent(ABC):
    """A model with a latent vector per sample."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Entries in a latent vector."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """int64 [N, *shape] → float32 [N, latent_dim]: a latent vector for each sample."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """float32 [N, latent_dim] → int64 [N, *shape]: a sample for each latent vector."""
