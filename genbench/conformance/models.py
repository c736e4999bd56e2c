"""Models: all that is tried of one. Most of it is read off the record of a small board; the rest has probes."""

from collections.abc import Iterator

from genbench.conformance import abilities, board as boards, reading, spaces
from genbench.conformance.bench import Bench
from genbench.protocol.stages.fit import FIT
from genbench.protocol.trial import Trial
from genbench.records.checks import CheckFinding
from genbench.records.status import Status
from genbench.runs.plan import DEFAULT_SUITE, find_suite


def findings(bench: Bench, trial: Trial) -> Iterator[CheckFinding]:
    """Everything, in order; what a model that was not fitted cannot be asked is left out.

    Raises:
        GenbenchError: nothing could be started. Interrupted: it was stopped.
    """
    yield from spaces.findings(bench, trial)
    board = boards.finished(bench, trial)
    yield from reading.findings(board, find_suite(DEFAULT_SUITE, bench.catalogue).suite)
    if board.record.stages[FIT.name].status is Status.OK:
        yield from abilities.of_fitted(bench, trial, board)
        yield from abilities.of_second_fit(bench, trial, board)
