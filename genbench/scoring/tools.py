"""Tools: what features are made with, and what would do instead where the extractor that was meant cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.catalogue.parts import extractors
from genbench.catalogue.plugins import Plugin
from genbench.contracts.extractor import Extractor
from genbench.errors import GenbenchError
from genbench.execution.device import CPU
from genbench.records.space import Space
from genbench.scoring.alternatives import fewer_features, ready
from genbench.scoring.extraction import Told, untold
from genbench.store.extractor_weights import located, named

FOR_IMAGES, FOR_OTHERS = "inception-v3-compat", "pixels"  # where data name none: for images of 256 levels, or not


@dataclass(frozen=True)
class Tools:
    """What features are made with.

    Args:
        plugins: the part plugins.
        extractor: its name; "" for the default of the data.
        weights: what --extractor-weights says.
        device: where the extractor runs.
        told: hears how far an extraction is.
        read: hears how far the reading of samples is.
    """

    plugins: list[Plugin]
    extractor: str
    weights: Sequence[str]
    device: str
    told: Told
    read: Told = untold

    @property
    def products(self) -> str | None:
        """Where torch multiplies blocks of features; None: NumPy does."""
        return None if self.device == CPU else self.device

    def chosen(self, default: str, space: Space) -> tuple[type[Extractor], dict[str, Path]]:
        """The extractor for data of a Space, and its weights file by its name.

        Args:
            default: the extractor that the data name; "" where they name none.
        Raises:
            GenbenchError: no extractor has that name, or its weights are not there.
        """
        image = space.is_image and space.levels == 256
        extractor = self.extractor or default or (FOR_IMAGES if image else FOR_OTHERS)
        found = extractors(self.plugins).named(extractor)
        given = named(self.weights)
        try:
            return found, located(given, {extractor: found.weights} if found.weights else {})
        except GenbenchError as error:
            if found.weights is None or given.any:
                raise
            raise GenbenchError(f"{error}{self._instead(space)}") from error

    def _instead(self, space: Space) -> str:
        """What serves without a download, as the end of a sentence."""
        names = sorted(ready(extractors(self.plugins).classes, space, {}))
        if not names:
            return ""
        return f"; without a download: --extractor {' or '.join(names)} (only fd of {FOR_IMAGES} is the FID)"

    def fitting(self, name: str, space: Space, n: int) -> str:
        """Which extractor has few enough features for n samples, as the end of a sentence; "" where none has.

        Args:
            name: of the one that has too many.
        """
        classes = extractors(self.plugins).classes
        files = {name: Path()} if name in classes and classes[name].weights else {}
        found = fewer_features(classes, space, files, n)
        return f"; --extractor {found[0]} has {found[1]}" if found else ""
