"""Trial: one model with its settings × one dataset × one seed."""

from collections.abc import Mapping
from dataclasses import dataclass

from genbench.catalogue import Catalogue, Entry
from genbench.catalogue.listings import ModelListing
from genbench.contracts.settings import Value, reference, resolved, split_reference
from genbench.files.plain import digest

ONLY = "default"  # the sampler of a model that declares none


@dataclass(frozen=True)
class Trial:
    """One fit, and the candidates that come out of it.

    Args:
        model: the catalogue's entry.
        settings: every setting with its value.
        seed: of the training.
    """

    model: Entry[ModelListing]
    settings: Mapping[str, Value]
    seed: int

    @property
    def listing(self) -> ModelListing:
        """What the model says of itself."""
        return self.model.listing

    @property
    def reference(self) -> str:
        """The model as one writes it: `ddpm[steps=200]`."""
        return reference(self.listing.name, list(self.listing.settings), self.settings)

    @property
    def slug(self) -> str:
        """The name of the trial's folder: MODEL.SETTINGS.SEED."""
        changed = self.reference != self.listing.name
        return f"{self.listing.name}.{digest(dict(self.settings))[:8] if changed else 'default'}.{self.seed}"

    @property
    def is_density(self) -> bool:
        """Whether the model class is a Density."""
        return "density" in self.listing.capabilities

    def candidate(self, sampler: str) -> str:
        """The name of a candidate: the reference, with the sampler or solver where there is a choice."""
        alone = not sampler or self.listing.samplers == (sampler,) == (ONLY,)
        return self.reference if alone else f"{self.reference}/{sampler}"


def chosen(text: str, catalogue: Catalogue) -> tuple[Entry[ModelListing], dict[str, Value]]:
    """The model and settings that `name[setting=value,…]` stands for.

    Raises:
        GenbenchError: no such model or setting, or a value that does not fit.
    """
    name, given = split_reference(text)
    entry = catalogue.model(name)
    return entry, resolved(name, list(entry.listing.settings), given)
