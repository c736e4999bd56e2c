"""Request: what is to be scored against what, checked as far as words alone go, so that a slip is told at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.scoring.samples import Source

REQUESTED = ("samples", "features", "dataset", "reference", "train", "extractor", "extractor_weights")


@dataclass(frozen=True)
class Request:
    """What is to be scored against what; the command line's options, by the same names.

    Args:
        samples: a folder of images, an array file or an array; or `features` instead.
        dataset: NAME or NAME:ARGUMENT, whose test split is the reference.
        reference: samples, or features, to compare with; instead of a dataset.
        features: feature vectors of samples, [N, d]; the reference and the training data are features then, too.
        train: what the samples' model was trained on, beside a reference; a dataset brings its own.
        extractor: "": digits-net for digits, inception-v3-compat for images of 256 levels, else pixels.
        extractor_weights: NAME=FILE, or FILE, where the weights are not in the cache.
        scores: names, "memorisation" among them, as a list or with commas; empty: all that apply.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        data_root: the folder with copies of datasets; "": what GENBENCH_DATA says, and the cache.
        name: of what is scored; "": the last part of its path.
    """

    samples: Source | None = None
    dataset: str = ""
    reference: Source | None = None
    features: Source | None = None
    train: Source | None = None
    extractor: str = ""
    extractor_weights: Sequence[str] = ()
    scores: str | Sequence[str] = ()
    device: str = "auto"
    data_root: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        has = {name for name in REQUESTED if getattr(self, name) is not None and not _is_empty(getattr(self, name))}
        if ("samples" in has) == ("features" in has):
            raise GenbenchError("one of SAMPLES and --features says what is scored, and only one of them")
        if "features" in has and ("reference" not in has or has & {"dataset", "extractor", "extractor_weights"}):
            raise GenbenchError("--features goes with --reference, which are features as well, and with no extractor")
        if ("dataset" in has) == ("reference" in has):
            raise GenbenchError("one of --dataset NAME and --reference OTHER says what to compare with, and only one")
        if "train" in has and "reference" not in has:
            raise GenbenchError("--train goes with --reference; a dataset brings its own training split")
        for source in (self.samples, self.features, self.reference, self.train):
            if isinstance(source, str | Path) and not Path(source).expanduser().exists():
                raise GenbenchError(f"no such file or folder: {Path(source).expanduser()}")


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | tuple) and not value
