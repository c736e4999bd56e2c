"""Trial: one model with its settings × one dataset × one seed."""

from collections.abc import Mapping
from dataclasses import dataclass

from genbench.catalogue import Catalogue, Entry
from genbench.contracts.settings import Value, reference, resolved, split_reference
from genbench.files.plain import digest

ONLY = "default"  # the sampler of a model that declares none


@dataclass(frozen=True)
class Trial:
    """One fit, and the candidates that come out of it.

    Args:
        model: the catalogue's entry.
        settings: every setting with its value.
        seed: of training and sampling.
    """

    model: Entry
    settings: Mapping[str, Value]
    seed: int

    @property
    def reference(self) -> str:
        """The model as one writes it: `ddpm[steps=200]`."""
        return reference(self.model.name, self.model.settings, self.settings)

    @property
    def slug(self) -> str:
        """The name of the trial's folder: MODEL.SETTINGS.SEED."""
        changed = self.reference != self.model.name
        return f"{self.model.name}.{digest(dict(self.settings))[:8] if changed else 'default'}.{self.seed}"

    @property
    def samplers(self) -> list[str]:
        """The names of its sampler presets: one candidate each."""
        return list(self.model.fields["samplers"])

    @property
    def is_density(self) -> bool:
        """Whether the model class is a Density."""
        return "density" in self.model.fields["capabilities"]

    def candidate(self, sampler: str) -> str:
        """The name of a candidate: the reference, with the sampler where there is a choice."""
        return self.reference if self.samplers == [ONLY] else f"{self.reference}/{sampler}"


def chosen(text: str, catalogue: Catalogue) -> tuple[Entry, dict[str, Value]]:
    """The model and settings that `name[setting=value,…]` stands for.

    Raises:
        GenbenchError: no such model or setting, or a value that does not fit.
    """
    name, given = split_reference(text)
    entry = catalogue.find("models", name)
    return entry, resolved(name, entry.settings, given)
