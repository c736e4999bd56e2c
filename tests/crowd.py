"""Records of any number of models, made of published ones: their scores, details, curves and pictures, moved about."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from genbench.records.files import read
from genbench.records.kinds import Scale
from genbench.records.record import Candidate, Record
from genbench.records.score import ScoreRecord

PUBLISHED = Path(__file__).parents[1] / "leaderboards" / "digits" / "records"
CONTROLS = ("real-held-out", "independent-pixels")
WIDTHS = {Scale.SHARE: 0.1}  # of models, on the scales of their scores
WIDTH = 0.3  # of models, on the others
SPREAD = 0.1  # of seeds, of the width
MIDDLE = 1.1  # of shares, as angles: .79; most models stay in the running


def crowd(models: int, seeds: int, template: str = "gan.default.0.json") -> Iterator[Record]:
    """The records of this many models at this many seeds, and those of the ceiling and the floor.

    Models differ by more than seeds do, each score by itself, so that some pairs are far apart and some are not.
    """
    own = read(PUBLISHED / template)
    for model in range(models):
        rng = np.random.default_rng([models, model])
        places = {score: rng.normal() for candidate in own.candidates for score in candidate.scores}
        for seed in range(seeds):
            yield _moved(own, f"model-{model:04}", seed, places)
    for name in CONTROLS:
        yield from map(read, sorted(PUBLISHED.glob(f"{name}.default.*.json"))[:seeds])


def _moved(own: Record, name: str, seed: int, places: dict[str, float]) -> Record:
    rng = np.random.default_rng([seed, *name.encode()])
    candidates = []
    for candidate in own.candidates:
        scores = {
            key: replace(score, value=_value(score, places[key] + SPREAD * rng.normal()))
            for key, score in candidate.scores.items()
        }
        candidates.append(_named(replace(candidate, scores=scores), own.model.reference, name))
    model = replace(own.model, name=name, reference=name)
    return replace(own, model=model, seed=seed, candidates=tuple(candidates), sha256="")


def _named(candidate: Candidate, before: str, name: str) -> Candidate:
    return replace(candidate, name=candidate.name.replace(before, name, 1))


def _value(score: ScoreRecord, step: float) -> float:
    """A score's value, moved on its scale by so many widths."""
    moved = step * WIDTHS.get(score.scale, WIDTH)
    if score.scale is Scale.SHARE:
        return float(np.sin(np.clip(MIDDLE + moved, 0.01, np.pi / 2 - 0.01)) ** 2)
    return float(score.value * np.exp(moved))
