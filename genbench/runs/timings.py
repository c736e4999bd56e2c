"""Timings: how long steps took on this machine, in earlier runs of this folder and of all others, and in this one."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import cache_folder
from genbench.files.codec import Seconds
from genbench.files.plain import digest, write_json
from genbench.protocol.stages.stage import Step
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial
from genbench.records.files import read
from genbench.records.machine import Machine
from genbench.records.record import SuiteTerms
from genbench.records.status import Status

KEPT = 5  # seconds of one step that are remembered, the newest


@dataclass(frozen=True)
class TimingsFile:
    """What the cache remembers under terms that cost the same."""

    seconds: Mapping[str, tuple[Seconds, ...]] = field(default_factory=dict)
    """MODEL.SETTINGS/STEP → wall seconds of its process, the newest last."""


class Timings:
    """Seconds of steps, by their model with its settings; a seed's tell of another's.

    Args:
        path: where they are remembered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: dict[str, list[float]] = defaultdict(list)
        with contextlib.suppress(GenbenchError, OSError):  # of another version, or damaged: it tells nothing
            self._seconds |= {name: list(found) for name, found in codec.read(TimingsFile, path).seconds.items()}

    @classmethod
    def here(cls, suite: Suite, machine: Machine, root: Path) -> "Timings":
        """Those of a machine under a suite: of the cache, and of the records in the run's folder."""
        name = digest({**_terms(suite.terms), "machine": machine.speed_class})
        found = cls(cache_folder("timings") / f"{name}.json")
        for path in sorted(root.glob("*/record.json")):
            with contextlib.suppress(GenbenchError):  # a record that cannot be read tells nothing
                record = read(path)
                if _terms(record.suite) == _terms(suite.terms) and record.machine.speed_class == machine.speed_class:
                    for step, stage in record.stages.items():
                        if stage.status is Status.OK and stage.seconds:
                            found._add(f"{path.parent.name.rpartition('.')[0]}/{step}", stage.seconds, first=True)
        return found

    def of(self, step: Step) -> float | None:
        """The median of what the step took with this model and these settings; None: it never ran here."""
        found = self._seconds.get(step_name(step))
        return median(found) if found else None

    def of_stage(self, step: Step) -> float | None:
        """The median of what steps of its stage took with any model; None: none ever ran here."""
        stage = step.stage.name
        found = [median(own) for name, own in self._seconds.items() if name.split("/")[1] == stage]
        return median(found) if found else None

    def note(self, step: Step, seconds: float) -> None:
        """A step did its work in that time."""
        self._add(step_name(step), seconds)

    def keep(self) -> None:
        """Remember them; a cache that cannot be written is no reason to stop."""
        with contextlib.suppress(GenbenchError, OSError):
            write_json(self._path, codec.encoded(TimingsFile({name: (*own,) for name, own in self._seconds.items()})))

    def _add(self, name: str, seconds: float, first: bool = False) -> None:
        own = self._seconds[name]
        own.insert(0 if first else len(own), seconds)
        del own[:-KEPT]


def step_name(step: Step) -> str:
    """A step of whichever seed of its trial."""
    return f"{trial_name(step.trial)}/{step.name}"


def trial_name(trial: Trial) -> str:
    """A trial without its seed."""
    return trial.slug.rpartition(".")[0]


def _terms(terms: SuiteTerms) -> dict[str, object]:
    """What of a suite decides how long a step takes."""
    return {
        "dataset": terms.dataset,
        "images": terms.images,
        "seconds": terms.seconds_cpu,
        "batch": terms.batch,
        "latency": terms.latency_seconds,
        "run": terms.run_seconds,
        "counts": {name: task.count for name, task in terms.tasks.items()},
    }
