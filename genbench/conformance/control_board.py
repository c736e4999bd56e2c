"""The board of a task's controls: each of them answers it, in a run of its own."""

from collections.abc import Iterator
from dataclasses import replace

from genbench.catalogue.listings import TaskListing
from genbench.conformance.bench import SUITE, Bench
from genbench.conformance.endings import failed
from genbench.protocol.suite import Suite
from genbench.protocol.suite_file import SuiteFile
from genbench.records.checks import CheckFinding, ok
from genbench.records.record import TaskTerms
from genbench.runs import session
from genbench.runs.listener import Silence
from genbench.runs.options import Options
from genbench.runs.plan import planned

SCORES = ("throughput", "parameters", "fit-time")  # that cost nothing: what is asked is whether there is an answer
COUNT = 60  # questions, or samples
NAME = "controls"


def findings(listing: TaskListing, bench: Bench) -> Iterator[CheckFinding]:
    """What becomes of each control.

    Raises:
        GenbenchError: it could not be started. Interrupted: it was stopped.
    """
    suite = _suite(listing, bench.suite)
    options = Options(models=listing.controls, suite=str(SUITE), out=bench.folder, device=bench.device)
    plan = planned(SuiteFile(suite), bench.catalogue, listing.controls, False, None)
    for record in session.execute(plan, options, bench.supervisor, Silence()).records:
        for candidate in record.candidates:
            if candidate.ok:
                yield ok(NAME, candidate.name, "answers")
            else:
                yield failed(NAME, candidate.name, candidate.status, candidate.reason or "no answer", "")


def _suite(listing: TaskListing, small: Suite) -> Suite:
    """The small board's, which asks this task alone."""
    terms = TaskTerms(COUNT, SCORES, dict(zip(listing.axes, SCORES, strict=True)))
    known = {name: value for name, value in small.limits.items() if name in listing.stages}
    return replace(small, name=f"check-{listing.name}", tasks={listing.name: terms}, limits=known)
