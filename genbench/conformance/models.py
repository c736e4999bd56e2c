"""Models: all that is tried of one. Most of it is read off the record of a small board; the rest has probes."""

from collections.abc import Iterator, Sequence

from genbench.conformance import abilities, board as boards, reading, spaces
from genbench.conformance.bench import Bench
from genbench.protocol.stages.fit import FIT
from genbench.protocol.trial import Trial
from genbench.records.checks import CheckFinding, broken
from genbench.records.space import Space
from genbench.records.status import Status
from genbench.runs.plan import DEFAULT_SUITE, find_suite


def findings(bench: Bench, trial: Trial) -> Iterator[CheckFinding]:
    """Everything, in order; what a model that was not fitted cannot be asked is left out.

    Raises:
        GenbenchError: nothing could be started. Interrupted: it was stopped.
    """
    served = spaces.served(bench, trial)
    yield from (found.finding for found in served)
    board = boards.finished(bench, trial)
    yield from reading.findings(board, find_suite(DEFAULT_SUITE, bench.catalogue).suite)
    fit = board.record.stages.get(FIT.name)
    if fit is not None and fit.status is Status.OK:
        yield from abilities.of_fitted(bench, trial, board)
        yield from abilities.of_second_fit(bench, trial, board)
    elif fit is None or fit.status is Status.SKIPPED:  # nothing that it answers was asked there, or it refuses
        yield from _elsewhere(bench, trial, [found.space for found in served if found.serves])


def _elsewhere(bench: Bench, trial: Trial, served: Sequence[Space]) -> Iterator[CheckFinding]:
    """What a model that refuses the small board's Space, or answers none of its tasks, does in the first it serves."""
    if served:
        yield from spaces.abilities(bench, trial, served[0])
    else:
        tried = "; ".join(map(str, (*spaces.TRIED, bench.laid.facts.space)))
        yield broken(spaces.NAME, "", f"a model that serves one of these: {tried}", "a refusal of each")
