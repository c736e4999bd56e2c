"""The `score` stage: reads and validates a trial's evidence and computes its scores. Imports no model plugin."""

import base64
import io
import math
import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench import dataset
from genbench.channel import Markers
from genbench.errors import GenbenchError, InvalidEvidence, Unavailable, Unsuitable
from genbench.evidence import read_arrays, read_samples
from genbench.extractor import Extractor
from genbench.files import cache_folder, digest, unique_beside
from genbench.metric import Evidence, LogLikelihood, Metric, Score, Timing
from genbench.metrics.comparison import Comparison
from genbench.plugins import Plugin, parts
from genbench.space import Space

FEATURE_BATCH = 500
GRID = 8  # samples a side on the board's picture
GRID_LIMIT = 128  # pixels a side of a sample that is shown at all


def score(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: {"candidates": [{"sampler", "status", "reason", "scores", "unavailable", "grid"}, …]}, one a sampler."""
    plugins = [Plugin(**plugin) for plugin in arguments["plugins"]]
    home = Path(arguments["data"])
    with markers.timed("score"):
        features = _Features(home, parts("extractors", plugins), torch.device(arguments["device"]))
        metrics = parts("metrics", plugins)
        done = []
        for index, candidate in enumerate(arguments["candidates"], 1):
            done.append(_scored(candidate, arguments["scores"], metrics, features))
            markers.progress(index, index / len(arguments["candidates"]))
    return {"candidates": done}


def _scored(
    candidate: Mapping[str, Any], names: list[str], metrics: Mapping[str, type[Metric]], features: "_Features"
) -> dict[str, Any]:
    try:
        evidence = _evidence(candidate, features.space)
    except InvalidEvidence as error:
        return {"sampler": candidate["sampler"], "status": "invalid-evidence", "reason": str(error)}
    scores: dict[str, Any] = {}
    unavailable: dict[str, str] = {}
    for name in names:
        metric_name, _, extractor = name.partition("@")
        metric = metrics[metric_name]()
        try:
            compared = features.comparison(extractor, evidence.samples) if extractor else None
            result = metric.score(_with(evidence, compared))
            scores[name] = _checked(result) | _identity(metric, features.identity(extractor), evidence, features)
        except (Unavailable, Unsuitable) as error:
            unavailable[name] = str(error)
        except Exception as error:  # noqa: BLE001  # a metric that fails costs its own cell
            traceback.print_exc()
            unavailable[name] = f"failed: {type(error).__name__}: {error}"
    grid = _grid(evidence.samples, evidence.space)
    return {
        "sampler": candidate["sampler"],
        "status": "ok",
        "reason": None,
        "scores": scores,
        "unavailable": unavailable,
        "grid": grid,
    }


def _evidence(candidate: Mapping[str, Any], space: Space) -> Evidence:
    samples, labels = read_samples(Path(candidate["samples"]), space, candidate["count"])
    likelihood = None
    if candidate["nats"]:
        nats = read_arrays(Path(candidate["nats"]), {"test"})["test"]
        if nats.dtype != np.float64 or nats.ndim != 1 or not np.isfinite(nats).all():
            raise InvalidEvidence(f"nats are {nats.dtype} {nats.shape}, expected finite float64 [N]")
        likelihood = LogLikelihood(nats, candidate["likelihood"])
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in candidate["timing"].items()}
    timing = Timing(**fields)
    return Evidence(space, samples, labels, timing, likelihood, candidate["parameters"], candidate["fit_seconds"])


def _with(evidence: Evidence, features: Comparison | None) -> Evidence:
    fields = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
    return Evidence(**(fields | {"features": features}))


def _checked(result: Score) -> dict[str, Any]:
    """A score as JSON.

    Raises:
        Unavailable: it is not a finite number.
    """
    if not math.isfinite(result.value):
        raise Unavailable(f"failed: the metric returned {result.value}")
    ends = [None if end is None or not math.isfinite(end) else float(end) for end in (result.low, result.high)]
    details = {name: float(value) for name, value in result.details.items() if math.isfinite(value)}
    return {"value": float(result.value), "low": ends[0], "high": ends[1], "details": details}


def _identity(metric: Metric, extractor: str | None, evidence: Evidence, features: "_Features") -> dict[str, Any]:
    return {
        "title": metric.title,
        "axis": metric.axis.value,
        "direction": metric.direction.value,
        "unit": metric.unit,
        "version": metric.version,
        "source": metric.source,
        "extractor": extractor,
        "reference": features.reference if extractor else None,
        "n": len(evidence.samples),
    }


class _Features:
    """Feature vectors of the reference data and of samples, each computed once; reference ones are cached on disk."""

    def __init__(self, home: Path, classes: Mapping[str, type[Extractor]], device: torch.device) -> None:
        self.space = dataset.read_space(home)
        self.reference = f"{home.name[:16]}/test"
        self._home, self._classes, self._device = home, classes, device
        self._extractors: dict[str, Extractor] = {}
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._comparisons: dict[tuple[str, int], Comparison] = {}

    def identity(self, name: str) -> str | None:
        """The identity of the extractor of that name; None for no extractor."""
        return self._extractor(name).identity if name else None

    def comparison(self, name: str, samples: NDArray[Any]) -> Comparison:
        """Real and generated features of one extractor; the same object for every metric of one candidate."""
        key = (name, id(samples))
        if key not in self._comparisons:
            self._comparisons.clear()
            extractor = self._extractor(name)
            real, train = self._split(extractor, "test"), self._split(extractor, "train")
            self._comparisons[key] = Comparison(real=real, generated=self._of(extractor, samples), train=train)
        return self._comparisons[key]

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = self._classes[name](self.space, self._device)
        return self._extractors[name]

    def _split(self, extractor: Extractor, split: str) -> NDArray[np.float32]:
        key = (extractor.identity, split)
        if key not in self._known:
            name = digest({"data": self._home.name, "split": split, "extractor": extractor.identity})
            path = cache_folder("features") / f"{name}.npy"
            if not path.exists():
                values = self._of(extractor, dataset.read(self._home, split).x)
                partial = unique_beside(path).with_suffix(".npy")
                np.save(partial, values, allow_pickle=False)
                os.replace(partial, path)
            self._known[key] = np.load(path, allow_pickle=False)
        return self._known[key]

    def _of(self, extractor: Extractor, x: NDArray[Any]) -> NDArray[np.float32]:
        blocks = []
        with torch.no_grad():
            for start in range(0, len(x), FEATURE_BATCH):
                rows = torch.from_numpy(np.array(x[start : start + FEATURE_BATCH])).to(self._device)
                blocks.append(extractor.features(rows).float().cpu().numpy())
        features = np.concatenate(blocks)
        if features.ndim != 2 or len(features) != len(x) or not np.isfinite(features).all():
            raise GenbenchError(f"extractor {extractor.name} returned {features.shape}, expected finite [{len(x)}, d]")
        return features


def _grid(samples: NDArray[Any], space: Space) -> str | None:
    """The first samples, uncurated, side by side, as a base64 PNG; None where they are no images."""
    if not space.is_image or space.levels is None or max(space.shape[1:]) > GRID_LIMIT:
        return None
    from PIL import Image

    channels, height, width = space.shape
    rows = min(GRID, len(samples) // GRID) or 1
    shown = samples[: rows * GRID].astype(np.float64) * 255 / (space.levels - 1 or 1)
    tiles = np.zeros((rows * GRID, channels, height + 1, width + 1))  # a line of one pixel between two samples
    tiles[: len(shown), :, :height, :width] = shown
    picture = tiles.reshape(rows, GRID, channels, height + 1, width + 1).transpose(0, 3, 1, 4, 2)
    pixels = picture.reshape(rows * (height + 1), GRID * (width + 1), channels)[:-1, :-1].round().astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
