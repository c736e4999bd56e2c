"""Model: what a plugin implements. Its capabilities are types: Density, Sequential, Conditional, Encoder, Decoder, …"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from genbench.contracts.assets import Asset
from genbench.contracts.captioned import Captioned, Guided
from genbench.contracts.operator import Operator
from genbench.contracts.training import TrainingData
from genbench.errors import unknown
from genbench.records.kinds import ControlKind, Family, Likelihood

SHARED_MEMORY = "shared-memory"  # /dev/shm, where all processes of the machine may leave something, in its fits
NEEDS = ("network", "files", SHARED_MEMORY)  # TCP connections; files of the user outside the trial


class Learner(nn.Module, ABC):
    """What is fitted to the data of one Space. All that it needs to answer lives in parameters and buffers.

    The harness saves `state_dict()` after `fit` and asks a fresh instance, made in another process under
    another seed, that loaded it: what lives anywhere else is lost. Settings are the constructor's keyword-only
    arguments, each with a type (int, float, bool, str) and a default, perhaps `Annotated[int, Range(16, 1024)]`:

        def __init__(self, space: Space, *, hidden: Annotated[int, Range(16, 1024, log=True)] = 256) -> None: ...

    The constructor raises `genbench.Unsuitable("needs an even height and width")` where these settings cannot serve
    this Space. What it is asked runs under `eval()` and `torch.no_grad()`, on the module's device, with a seed
    set per batch: draw from torch's default generator.
    """

    name: ClassVar[str]  #: kebab-case: what `-m` takes
    family: ClassVar[Family]  #: under which boards sort it
    source: ClassVar[str]  #: paper, year and URL
    control: ClassVar[ControlKind | None] = None  #: what a control of the harness is on the board for
    assets: ClassVar[Mapping[str, Asset]] = {}  #: files from outside, by the name that `asset` takes
    needs: ClassVar[tuple[str, ...]] = ()  #: what it asks for beyond its own folder, of NEEDS; the board shows it

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Train on `data`: `for x, y in data.batches(128): …` until the budget ends."""

    def asset(self, name: str) -> Path:
        """The verified path of a declared external asset.

        Raises:
            GenbenchError: no such asset is declared, the file is missing, or its bytes are not the declared ones.
        """
        if name not in self.assets:
            raise unknown("asset", name, self.assets)
        return self.assets[name].verified()


class Model(Learner):
    """A learner that draws samples."""

    samplers: ClassVar[Mapping[str, Mapping[str, object]]] = {"default": {}}  #: preset → its settings; a row each

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


class Density(ABC):
    """A model whose samples have a probability that can be computed, bounded or estimated."""

    described_sampler: ClassVar[str] = ""  #: the sampler whose law `log_prob` describes; "": the first one
    audit_settings: ClassVar[Mapping[str, object]] = {}  #: settings with which the class fits tiny audit spaces

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


class ConditionalDensity(Density):
    """A density that obeys labels: p(x|y) of the class that is told, and p(x) where none is."""

    @property
    def class_prior(self) -> Tensor | None:
        """The p(y) of p(x) = Σ_y p(y) p(x|y), as it was fitted: [classes], summing to 1. None: all classes alike."""
        return None

    @abstractmethod
    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """Log-probability of each sample, given its class where one is told.

        Args:
            x: int64 [N, *shape]; float32 where the Space has no levels.
            labels: [N] int64 in [0, classes); None: of all classes together.
        Returns:
            [N] nats.
        """


class Sequential(ABC):
    """A model that says the law of each entry of a sample given those before it: the factors of its density.

    Of one that is an exact Density as well, the harness verifies bits/dim: it normalises what `next` says by itself,
    and tells the model the value of an entry only after it has answered for it. Integers alone. The order is the flat
    one of the Space's shape, channels first; a model whose order is another one raises Unsuitable.
    """

    @abstractmethod
    def next(self, x: Tensor, i: int) -> Tensor:
        """The law of entry i of each row, given the entries before it.

        Args:
            x: int64 [N, *shape]; what stands at entry i and beyond is anything, and must not matter.
            i: a place in the flattened row, in [0, D).
        Returns:
            [N, levels] floating-point logarithms of weights, -inf for 0; the harness divides by their sum.
        """


class Conditional:
    """A model whose `sample` obeys `labels`; the harness draws them from the training marginal."""


class Decoder(ABC):
    """A model that makes a sample of a latent vector."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Entries in a latent vector; under the model's prior they are independent standard normal ones."""

    @abstractmethod
    def render(self, z: Tensor) -> Tensor:
        """The samples that latent vectors stand for, before anything is rounded.

        Args:
            z: float32 [N, latent_dim].
        Returns:
            float32 [N, *shape] in levels, within [0, levels - 1] (any real numbers where the Space has no levels);
            a deterministic function of z, through which gradients pass.
        """


class Encoder(ABC):
    """A model that finds a latent vector of a sample."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """int64 [N, *shape] (float32 where the Space has no levels) → float32 [N, latent_dim], one for each sample."""


class Latent(Encoder, Decoder):
    """A model with a latent vector per sample, in both directions: `render(encode(x))` is near x.

    Whatever is both an Encoder and a Decoder is one.
    """

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        if cls is Latent and {Encoder, Decoder} <= {*other.__mro__}:
            return True
        return NotImplemented  # type: ignore[no-any-return]  # go on as usual


class Denoiser(ABC):
    """A model that removes Gaussian noise: x_σ = x + σ ε, ε ~ N(0, I), with samples scaled to x in [-1, 1].

    The variance explodes: x_σ is not scaled down. A model of x_t = √α_bar x + √(1 - α_bar) ε has σ² = 1 / α_bar - 1 and
    x_t = √α_bar x_σ.

    Source: Karras et al. 2022, eq. 1 and appendix B, https://arxiv.org/abs/2206.00364
    """

    @property
    @abstractmethod
    def sigmas(self) -> Tensor:
        """The noise levels that it was trained on, [T] float32, ascending, all above 0, in units of x."""

    @abstractmethod
    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """E[x | x_σ], its guess at the sample under the noise.

        Args:
            x: x_σ, float32 [N, *shape].
            sigma: σ of each row, [N]; from the lowest of `sigmas` to the highest, in between as well.
        Returns:
            float32 [N, *shape], in about [-1, 1].
        """


class ConditionalDenoiser(Denoiser):
    """A denoiser that obeys labels: E[x | x_σ, y] of the class that is told, and E[x | x_σ] where none is."""

    @abstractmethod
    def denoise(self, x: Tensor, sigma: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """Its guess at the sample under the noise, given its class where one is told.

        Args:
            x, sigma: as of a Denoiser.
            labels: [N] int64 in [0, classes); None: of all classes together.
        Returns:
            float32 [N, *shape], in about [-1, 1].
        """


class Classifier(ABC):
    """A model that says how probable each class is for a sample."""

    @abstractmethod
    def posterior(self, x: Tensor) -> Tensor:
        """p(y|x) of every class y of the Space.

        Args:
            x: int64 [N, *shape]; float32 where the Space has no levels.
        Returns:
            [N, classes] floating-point logarithms of weights, -inf for 0; the harness divides by their sum.
        """


class Interpolator(ABC):
    """A model that goes from one sample to another."""

    @abstractmethod
    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """Paths of n samples, evenly spaced, from each a to its b. The first stands for a and the last for b.

        Args:
            a, b: int64 [N, *shape] each; float32 where the Space has no levels.
            n: at least 2.
        Returns:
            int64 [N, n, *shape] in [0, levels); float32 where the Space has no levels.
        """


class Restorer(ABC):
    """A model that completes what was measured of a sample: draws of x given y = A(x)."""

    @abstractmethod
    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """Samples that could have been measured so.

        Args:
            y: float32 [N, *operator.shape], in levels: what `operator.measure` made of N samples.
            operator: A; it can be measured and projected with as often as one likes.
            draws: how many of each, drawn independently of one another from the law of x given y; at least 1.
        Returns:
            int64 [N, draws, *shape] in [0, levels); float32 where the Space has no levels.
        Raises:
            Unsuitable: not with this operator.
        """


CAPABILITIES: Mapping[str, type] = {  # what models can be asked for, by the names that lists and records use
    "generate": Model,
    "density": Density,
    "conditional-density": ConditionalDensity,
    "sequential": Sequential,
    "conditional": Conditional,
    "encoder": Encoder,
    "decoder": Decoder,
    "denoiser": Denoiser,
    "conditional-denoiser": ConditionalDenoiser,
    "classifier": Classifier,
    "interpolator": Interpolator,
    "restorer": Restorer,
    "captioned": Captioned,
    "guided": Guided,
}
