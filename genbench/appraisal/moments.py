"""Moments of what somebody has, written to a file that other tools read too: what `genbench stats` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.appraisal.listener import AppraisalListener, Silence
from genbench.appraisal.samples import How, read as read_samples, read_features
from genbench.catalogue.parts import data_root_of
from genbench.catalogue.plugins import PARTS, installed
from genbench.errors import GenbenchError
from genbench.execution.device import resolved_device
from genbench.geometry.cloud import Features
from genbench.geometry.moments import moments
from genbench.scoring.extraction import embedding, loaded
from genbench.scoring.resizing import resize_named
from genbench.scoring.samples import Side, Source
from genbench.scoring.tools import Tools
from genbench.scoring.yardstick import OfPart
from genbench.store import statistics
from genbench.store.statistics import Statistics


@dataclass(frozen=True)
class StatisticsRequest:
    """Of what the mean and the covariance are to be written where; the command line's options, by the same names.

    Args:
        data: a folder of images, an array file or an array; or `features`, or `dataset`, instead.
        output: the file, whose name ends in .npz.
        dataset: NAME or NAME:ARGUMENT.
        against: of the dataset "test", or "train": its training set as its publisher cut it; "": train.
        features: feature vectors [N, d].
        key, resize, upright, extractor, extractor_weights, device, data_root: as of `Request`.
    """

    data: Source | None = None
    output: str = ""
    dataset: str = ""
    against: str = ""
    features: Source | None = None
    key: str = ""
    resize: str = ""
    upright: bool = False
    extractor: str = ""
    extractor_weights: Sequence[str] = ()
    device: str = "auto"
    data_root: str = ""

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.data, self.features, self.dataset or None)) != 1:
            raise GenbenchError("one of DATA, --dataset and --features says of what, and only one of them")
        if Path(self.output).suffix != ".npz":
            raise GenbenchError(f"-o takes the name of a .npz file, got {self.output!r}")
        if self.against not in ("", "train", "test") or (self.against and not self.dataset):
            raise GenbenchError("--against train or test goes with --dataset NAME")
        if self.features is not None and (self.extractor or self.extractor_weights or self.resize or self.upright):
            raise GenbenchError("--features are there already: no extractor, and nothing to resize or turn")
        if self.dataset and (self.resize or self.upright or self.key):
            raise GenbenchError("--resize, --upright and --key are of DATA; images of a dataset stay as they are")


def written(request: StatisticsRequest, listener: AppraisalListener | None = None) -> tuple[Statistics, Side]:
    """Write the mean and the covariance of feature vectors; what was written, and of which rows.

    Raises:
        GenbenchError: something cannot be read or written, or there are no more rows than features.
    """
    heard = listener or Silence()
    x, extractor, side = _vectors(request, heard)
    if len(x) <= x.shape[1]:
        raise GenbenchError(
            f"a covariance of {x.shape[1]} features needs more than {x.shape[1]} rows, got {len(x)}: "
            "take more data or an extractor with fewer features"
        )
    found = Statistics(moments(x), request.output, extractor, side.name)
    statistics.write(Path(request.output).expanduser(), found, side.sha256)
    return found, side


def _vectors(request: StatisticsRequest, heard: AppraisalListener) -> tuple[Features, str, Side]:
    """The features, the identity of what made them ("" where they were given), and of which rows they are."""
    if request.features is not None:
        given = read_features(request.features, request.key)
        return given.x, "", given.side
    device = resolved_device(request.device)
    tools = Tools(installed(PARTS), request.extractor, request.extractor_weights, device, heard.extracted, heard.read)
    if request.dataset:
        part = OfPart(request.dataset, data_root_of(request.data_root), request.against or "train", tools)
        return part.vectors(), part.extractor or "", part.reference
    if request.data is None:
        raise ValueError("a request without data")
    resize = resize_named(request.resize) if request.resize else None
    if resize is not None and resize.size is None:
        raise GenbenchError(
            f"--resize {request.resize}: there is nothing to take the size of; say {request.resize}:SIDE"
        )
    samples = read_samples(request.data, None, How(request.key, request.upright, resize, heard.read))
    cls, files = tools.chosen("", samples.space)
    extractor = loaded(cls, samples.space, device, files)
    identity = f"{extractor.identity}+{resize.identity}" if resize else extractor.identity
    side = samples.side  # reads all of them, before the long work
    return embedding(extractor, device, heard.extracted, "data")(samples.x), identity, side
