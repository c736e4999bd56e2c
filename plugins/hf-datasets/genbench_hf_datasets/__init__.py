"""Image data sets of the Hugging Face Hub. Who asks for data sets imports what reads them: others need none of it."""

from typing import TYPE_CHECKING

from genbench import hookimpl

if TYPE_CHECKING:
    from genbench import Dataset


@hookimpl
def genbench_datasets() -> "list[type[Dataset]]":
    """The one data set, which takes a repository's name."""
    from genbench_hf_datasets.dataset import HubImages

    return [HubImages]
