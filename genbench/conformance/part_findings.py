"""Parts: what is tried of a metric, a dataset, an extractor, a task, a solver and a suite."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from genbench.catalogue import Entry
from genbench.catalogue.listings import SolverListing, TaskListing
from genbench.catalogue.parts import data_root_of
from genbench.conformance import control_board
from genbench.conformance.abilities import probed
from genbench.conformance.bench import LOADING, Bench
from genbench.conformance.subject import Named
from genbench.contracts.settings import resolved, split_reference
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.protocol import probing
from genbench.protocol.inputs import PartChoice
from genbench.protocol.probing import PartInputs, Probed
from genbench.protocol.stages import stages_of
from genbench.protocol.task import Asked
from genbench.records.checks import CheckFinding, broken, doubtful, inapplicable, ok
from genbench.records.record import TaskTerms
from genbench.runs.plan import asked_of, find_suite

AGAIN = "determinism"
DRAWN = "generate"


def findings(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    """All that is tried of a part.

    Raises:
        GenbenchError: a wrong setting. Interrupted: it was stopped.
    """
    tried = TRIED.get(subject.kind)
    if tried is None:
        yield inapplicable("contract", "", f"nothing is tried of {subject.kind} beyond their listing")
    else:
        yield from tried(subject, bench)


def _metric(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    yield from _once(subject, bench, probing.METRIC, subject.name)


def _dataset(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    yield from _twice(subject, bench, probing.DATASET, bench.catalogue.placed(subject.name, Path()))


def _extractor(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    yield from _once(subject, bench, probing.EXTRACTOR, subject.name)


def _solver(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    yield from _once(subject, bench, probing.SOLVER, subject.name)


def _task(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    yield from _twice(subject, bench, probing.TASK, subject.name)
    listing = bench.catalogue.task(split_reference(subject.name)[0]).listing
    yield from _controls(listing, bench)
    choice = _choice(subject, bench, subject.name)
    try:
        stages = stages_of([Asked(listing.name, listing, choice, TaskTerms(1, (), dict.fromkeys(listing.axes, "")))])
        yield ok("stages", "", ", ".join(stage.name for stage in stages))
    except GenbenchError as error:
        yield broken("stages", "", "stages that there are", str(error))


def _controls(listing: TaskListing, bench: Bench) -> Iterator[CheckFinding]:
    """Whether the controls that a task names are there and can answer it, and do."""
    if not listing.controls:
        yield doubtful("controls", "", "names none: nobody can tell a good score from a bad one")
        return
    sound = True
    for name in listing.controls:
        entry = bench.catalogue.models.get(name)
        able = () if entry is None or entry.listing.control is None else entry.listing.capabilities
        if listing.needs not in able:
            sound = False
            got = f"one with {', '.join(able)}" if able else "none of that name"
            yield broken("controls", name, f"a control of genbench's own with the capability {listing.needs}", got)
    if sound:
        yield from control_board.findings(listing, bench)


def _suite(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    """Whether its file can be read, and all that it names is there."""
    path = bench.catalogue.suite(subject.name).listing.path
    try:
        found = find_suite(path, bench.catalogue)
        asked = asked_of(found.suite, bench.catalogue)
    except GenbenchError as error:
        yield broken("suite", "", "a suite whose parts are all there", str(error), path)
        return
    scores = sum(len(task.terms.scores) for task in asked)
    tasks = ", ".join(task.name for task in asked)
    yield ok("suite", "", f"asks {tasks} of {found.suite.dataset}, {scores} scores, {found.suite.images:,} images")
    for note in found.notes:
        yield doubtful("suite", "", note)
    if found.suite.quick is None:
        yield doubtful("quick", "", "has no [quick] table, so that nobody can try it in minutes")
    for task in asked:
        if task.listing.needs != DRAWN and not task.solvers:
            yield doubtful("solvers", task.name, f"names none: only a model that is a {task.listing.needs} can answer")


TRIED: Mapping[str, Callable[[Named, Bench], Iterator[CheckFinding]]] = {
    "metrics": _metric,
    "datasets": _dataset,
    "extractors": _extractor,
    "tasks": _task,
    "solvers": _solver,
    "suites": _suite,
}


def _once(subject: Named, bench: Bench, runs: str, name: str) -> Sequence[CheckFinding]:
    return probed(subject.kind, bench.tried(subject.kind, runs, _inputs(subject, bench, name)), subject.plugin.home)


def _twice(subject: Named, bench: Bench, runs: str, name: str) -> Iterator[CheckFinding]:
    """What a probe finds, and whether a second process comes to the same."""
    inputs = _inputs(subject, bench, name)
    first, second = (bench.tried(f"{subject.kind}.{i}", runs, inputs, limit=LOADING) for i in range(2))
    yield from probed(subject.kind, first, subject.plugin.home)
    if not (first.outcome.ok and second.outcome.ok):
        return
    one, other = (codec.decoded(Probed, tried.outcome.facts, "probe").identity for tried in (first, second))
    if one and one == other:
        yield ok(AGAIN, "", f"another process comes to the same content, {one[:12]}…")
    elif one:
        yield broken(AGAIN, "", f"the same content in another process, {one[:12]}…", f"{other[:12]}…")


def _inputs(subject: Named, bench: Bench, name: str) -> PartInputs:
    parts = tuple(bench.catalogue.part_plugins)
    return PartInputs(_choice(subject, bench, name), parts, bench.rows(), data_root_of(""))


def _choice(subject: Named, bench: Bench, name: str) -> PartChoice:
    """The part, with every setting where its kind has them."""
    if subject.kind not in ("tasks", "solvers"):
        return PartChoice(subject.plugin, name, {})
    base, given = split_reference(name)
    entries: Mapping[str, Entry[TaskListing | SolverListing]] = (
        bench.catalogue.tasks if subject.kind == "tasks" else bench.catalogue.solvers
    )
    return PartChoice(subject.plugin, base, resolved(base, list(entries[base].listing.settings), given))
