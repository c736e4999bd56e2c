"""The `score` stage: reads and validates a trial's evidence and computes its scores. Imports no model plugin."""

import base64
import io
import math
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.channel import Markers
from genbench.errors import InvalidEvidence, Unavailable, Unsuitable
from genbench.evidence import read_arrays, read_samples
from genbench.features import Features
from genbench.metric import Evidence, LogLikelihood, Metric, Score, Timing
from genbench.metrics.comparison import Comparison
from genbench.plugins import Plugin, parts
from genbench.space import Space

GRID = 8  # samples a side on the board's picture
GRID_LIMIT = 128  # pixels a side of a sample that is shown at all


def score(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: {"candidates": [{"sampler", "status", "reason", "scores", "unavailable", "grid"}, …]}, one a sampler."""
    plugins = [Plugin(**plugin) for plugin in arguments["plugins"]]
    home = Path(arguments["data"])
    with markers.timed("score"):
        features = Features(home, parts("extractors", plugins), torch.device(arguments["device"]))
        metrics = parts("metrics", plugins)
        done = []
        for index, candidate in enumerate(arguments["candidates"], 1):
            done.append(_scored(candidate, arguments["scores"], metrics, features))
            markers.progress(index, index / len(arguments["candidates"]))
    return {"candidates": done}


def _scored(
    candidate: Mapping[str, Any], names: list[str], metrics: Mapping[str, type[Metric]], features: "Features"
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


def _identity(metric: Metric, extractor: str | None, evidence: Evidence, features: "Features") -> dict[str, Any]:
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
