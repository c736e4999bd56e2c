"""EfficientNet-Lite0 as an extractor. Its network is imported by who asks for extractors: others need no torch."""

from typing import TYPE_CHECKING

from genbench import hookimpl

if TYPE_CHECKING:
    from genbench import Extractor


@hookimpl
def genbench_extractors() -> "list[type[Extractor]]":
    """The one extractor."""
    from genbench_efficientnet_lite0.network import EfficientNetLite0

    return [EfficientNetLite0]
