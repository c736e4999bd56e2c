"""How long a plan will take, from what earlier runs of the same models took."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.plain import read_json
from genbench.runs.plan import Plan
from genbench.protocol.trial import Trial


@dataclass(frozen=True)
class Estimate:
    """Seconds of one trial, and where the figure comes from.

    Args:
        seconds: None: nothing is known.
        basis: "earlier run", "suite's typical" or "unknown".
    """

    seconds: float | None
    basis: str


def estimates(plan: Plan, root: Path) -> dict[str, Estimate]:
    """An estimate for every trial of a plan, by its slug, from the records below the run's folder."""
    history = _history(root)
    return {trial.slug: _estimate(trial, plan, history) for trial in plan.trials}


def _estimate(trial: Trial, plan: Plan, history: Mapping[str, list[float]]) -> Estimate:
    if history.get(trial.reference):
        return Estimate(median(history[trial.reference]), "earlier run")
    typical = plan.suite.typical
    if trial.model.control and "score" in typical:
        return Estimate(typical["score"], "suite's typical")
    return Estimate(sum(typical.values()), "suite's typical") if typical else Estimate(None, "unknown")


def _history(root: Path) -> Mapping[str, list[float]]:
    """Seconds that all steps of each finished trial took, by model reference."""
    found: dict[str, list[float]] = defaultdict(list)
    for path in sorted(root.glob("*/record.json")):
        try:
            value: dict[str, Any] = read_json(path)
            if any(candidate["status"] != "ok" for candidate in value["candidates"]):
                continue  # a failure came early, or late: no measure of the work
            seconds = sum(stage["seconds"] for stage in value["stages"].values())
            found[value["model"]["reference"]].append(seconds)
        except (GenbenchError, KeyError, TypeError, AttributeError):
            continue  # a record of another format tells nothing
    return found


def wall_seconds(plan: Plan, found: Mapping[str, Estimate], jobs: int) -> float | None:
    """Wall seconds of the whole plan on `jobs` slots; None where a trial's time is unknown."""
    seconds = [found[trial.slug].seconds for trial in plan.trials]
    known = [value for value in seconds if value is not None]
    return sum(known) / jobs if len(known) == len(seconds) else None
