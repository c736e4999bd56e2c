"""How long a plan will take, from what earlier runs of the same models took."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from genbench.errors import GenbenchError
from genbench.protocol.stages import steps_of
from genbench.protocol.trial import Trial
from genbench.records.files import read
from genbench.runs.plan import Plan


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
    stages = {step.stage.name for step in steps_of(trial, plan.asked)}
    known = [seconds for stage, seconds in typical.items() if stage in stages]
    if trial.listing.control is not None and "score" in typical:
        return Estimate(typical["score"], "suite's typical")
    return Estimate(sum(known), "suite's typical") if known else Estimate(None, "unknown")


def _history(root: Path) -> Mapping[str, list[float]]:
    """Seconds that all stages of each finished trial took, by model reference."""
    found: dict[str, list[float]] = defaultdict(list)
    for path in sorted(root.glob("*/record.json")):
        try:
            record = read(path)
        except GenbenchError:
            continue  # a record that cannot be read tells nothing
        if all(candidate.ok for candidate in record.candidates):  # a failure came early, or late: no measure
            found[record.model.reference].append(sum(stage.seconds or 0.0 for stage in record.stages.values()))
    return found


def wall_seconds(plan: Plan, found: Mapping[str, Estimate], jobs: int) -> float | None:
    """Wall seconds of the whole plan on `jobs` slots; None where a trial's time is unknown."""
    seconds = [found[trial.slug].seconds for trial in plan.trials]
    known = [value for value in seconds if value is not None]
    return sum(known) / jobs if len(known) == len(seconds) else None
