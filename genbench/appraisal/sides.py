"""Sides: what is scored and what it is held against, both read as a request says."""

from dataclasses import dataclass
from pathlib import Path

from genbench.appraisal.protocols import PROTOCOLS
from genbench.appraisal.request import Request
from genbench.appraisal.samples import How, count, is_array, read as read_samples, read_features
from genbench.catalogue.parts import data_root_of
from genbench.errors import GenbenchError
from genbench.files import arrays
from genbench.records.space import Space
from genbench.scoring.resizing import Resize, resize_named
from genbench.scoring.samples import Samples, Source, Told, untold
from genbench.scoring.statistics_yardstick import OfStatistics
from genbench.scoring.tools import Tools
from genbench.scoring.yardstick import OfDataset, OfFeatures, OfPart, OfSamples, Yardstick
from genbench.store import statistics


@dataclass(frozen=True)
class Sides:
    """Both sides of a comparison.

    Args:
        generated: what is scored.
        yardstick: what it is held against.
        warnings: of everything that was read.
        resize: the identity of what brought images to one size; None: nothing did.
    """

    generated: Samples
    yardstick: Yardstick
    warnings: tuple[str, ...]
    resize: str | None = None


def read(request: Request, with_train: bool, tools: Tools) -> Sides:
    """Both sides, read and checked as far as can be without any feature.

    Args:
        request: what is meant.
        with_train: whether training data are wanted.
        tools: what features are made with.
    Raises:
        GenbenchError: something cannot be read, or the sides do not go together.
    """
    if request.features is not None:
        return _features(request, tools)
    if request.dataset:
        return _beside_dataset(request, with_train, tools)
    reference = _there(request.reference)
    if _holds_statistics(reference):
        return _beside_statistics(request, tools)
    return _beside_samples(request, tools)


def _features(request: Request, tools: Tools) -> Sides:
    reference = _there(request.reference)
    generated = read_features(_there(request.features), request.key)
    if _holds_statistics(reference):
        return Sides(generated, OfStatistics(statistics.read(_path(reference)), generated.space, None), ())
    real = read_features(reference, _key(request, reference))
    train = None if request.train is None else read_features(request.train, _key(request, request.train))
    yardstick = OfFeatures(real, train, tools.products)
    yardstick.check(generated)
    return Sides(generated, yardstick, _warnings(generated, real, train))


def _beside_dataset(request: Request, with_train: bool, tools: Tools) -> Sides:
    if request.protocol:
        _check_count(request)
    root = data_root_of(request.data_root)
    yardstick: Yardstick
    if request.against == "train":
        yardstick = OfPart(request.dataset, root, "train", tools)
    else:
        yardstick = OfDataset(request.dataset, root, with_train, tools)
    resize = _resize(request)
    if resize is not None and resize.size not in (None, yardstick.space.shape[1:]):
        raise GenbenchError(f"--resize {request.resize}: images of {request.dataset} keep their size; leave it out")
    generated = read_samples(_there(request.samples), yardstick.space, _how(request, resize, tools.read))
    return Sides(generated, yardstick, generated.warnings, _identity(resize, yardstick.space))


def _check_count(request: Request) -> None:
    """Refuse another number of samples than the protocol has, before any dataset or extractor is loaded."""
    found, wanted = count(_there(request.samples), request.key), PROTOCOLS[request.protocol].samples
    if found != wanted:
        raise GenbenchError(
            f"protocol {request.protocol} is of {wanted:,} samples, got {found:,}; draw as many, or say "
            "--against train instead"
        )


def _beside_statistics(request: Request, tools: Tools) -> Sides:
    if request.train is not None:
        raise GenbenchError("--train goes with images or features as --reference, and statistics have no rows")
    resize = _resize(request)
    if resize is not None and resize.size is None:
        raise GenbenchError(f"--resize {request.resize}: statistics have no size; say {request.resize}:SIDE")
    generated = read_samples(_there(request.samples), None, _how(request, resize, tools.read))
    yardstick = OfStatistics(statistics.read(_path(_there(request.reference))), generated.space, tools)
    return Sides(generated, yardstick, generated.warnings, _identity(resize, generated.space))


def _beside_samples(request: Request, tools: Tools) -> Sides:
    resize, source = _resize(request), _there(request.reference)
    own = resize if resize and resize.size else None  # without a size the reference sets it
    reference = read_samples(source, None, How(_key(request, source), request.upright, own, tools.read))
    generated = read_samples(_there(request.samples), reference.space, _how(request, resize, tools.read))
    train = request.train
    known = None
    if train is not None:
        known = read_samples(train, reference.space, How(_key(request, train), request.upright, resize, tools.read))
    yardstick = OfSamples(reference, known, tools)
    return Sides(generated, yardstick, _warnings(generated, reference, known), _identity(resize, reference.space))


def _resize(request: Request) -> Resize | None:
    return resize_named(request.resize) if request.resize else None


def _identity(resize: Resize | None, space: Space) -> str | None:
    return resize.to(space.shape).identity if resize else None


def _how(request: Request, resize: Resize | None, told: Told = untold) -> How:
    return How(request.key, request.upright, resize, told)


def how_of(request: Request) -> How:
    """How a request's samples are read."""
    return _how(request, _resize(request))


def _key(request: Request, source: Source) -> str:
    """The samples' key where another file holds an array of that name too; else the usual ones."""
    if not request.key or is_array(source) or not arrays.is_array_file(_path(source)):
        return ""
    return request.key if request.key in arrays.names(_path(source)) else ""


def _holds_statistics(source: Source) -> bool:
    return not is_array(source) and _path(source).is_file() and statistics.are_in(_path(source))


def _path(source: Source) -> Path:
    return Path(str(source)).expanduser()


def _warnings(*of: Samples | None) -> tuple[str, ...]:
    return tuple(warning for samples in of if samples for warning in samples.warnings)


def _there(source: Source | None) -> Source:
    if source is None:
        raise ValueError("a request without samples or reference")
    return source
