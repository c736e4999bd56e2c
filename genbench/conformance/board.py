"""Board: the small one, run of a single model and of the control that it has to be better than, in a folder apart."""

from dataclasses import dataclass, replace
from pathlib import Path

from genbench.conformance.bench import SUITE, Bench
from genbench.leaderboard.traces import place
from genbench.protocol.trial import Trial
from genbench.records.record import Record
from genbench.runs import session
from genbench.runs.listener import Silence
from genbench.runs.options import Options

FLOOR = "noise"
LOG = "log.txt"
LOG_TAIL = 20_000  # characters


@dataclass(frozen=True)
class Board:
    """A finished one.

    Args:
        record: the model's.
        floor: of the control that has learnt nothing; None where it could not serve the Space.
        folder: of the model's trial.
    """

    record: Record
    floor: Record | None
    folder: Path

    def where(self, step: str) -> str:
        """Where in the plugin a step failed: file:line, as its log tells."""
        log = self.folder / step / LOG
        text = log.read_text(errors="replace")[-LOG_TAIL:] if log.is_file() else ""
        return place(text, self.record.model.distribution)


def finished(bench: Bench, trial: Trial) -> Board:
    """Run it.

    Raises:
        GenbenchError: it could not be started. Interrupted: it was stopped.
    """
    options = Options(models=[trial.reference], suite=str(SUITE), out=bench.folder, device=bench.device)
    plan = session.plan_of(options, bench.catalogue)
    trials = tuple(own for own in plan.trials if own.listing.name in (trial.listing.name, FLOOR))
    plan = replace(plan, trials=trials)
    found = session.execute(plan, options, bench.supervisor, Silence())
    records = {record.model.name: record for record in found.records}
    folder = session.run_folder(options, plan) / trial.slug
    return Board(records[trial.listing.name], records.get(FLOOR), folder)
