"""Abilities: a fitted model held against its capabilities' contracts, and fitted a second time."""

from collections.abc import Iterator

from genbench.conformance.bench import Bench, Tried
from genbench.conformance.board import Board
from genbench.conformance.endings import of_probe
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import sha256_of
from genbench.protocol.inputs import Fitted, Kept
from genbench.protocol.probing import ABILITIES, AbilityInputs, Probed
from genbench.protocol.stages.fit import CHECK, FIT, SEEN, FitInputs
from genbench.protocol.stages.stage import CHECKPOINT
from genbench.protocol.trial import Trial
from genbench.records.checks import CheckFinding, broken, ok

ROWS = 6  # that a model is asked about
AGAIN = "determinism"


def of_fitted(bench: Bench, trial: Trial, board: Board) -> Iterator[CheckFinding]:
    """What each method does, in a process that reloads the model."""
    fit = board.folder / FIT.name
    checkpoint, check = (Kept(str(fit / name), sha256_of(fit / name)) for name in (CHECKPOINT, CHECK))
    inputs = AbilityInputs(Fitted(bench.subject(trial), checkpoint), check, bench.rows("valid"), ROWS)
    yield from probed("abilities", bench.tried("abilities", ABILITIES, inputs, trial.listing), trial.model.plugin.home)


def probed(check: str, tried: Tried, distribution: str) -> tuple[CheckFinding, ...]:
    """What a probe found; one finding where it did not get so far."""
    if not tried.outcome.ok:
        return (of_probe(check, "", tried, distribution),)
    try:
        return codec.decoded(Probed, tried.outcome.facts, check).findings
    except GenbenchError as error:  # a plugin shares its process with the lines that write facts
        return (broken(check, "", "what the probe found", str(error)),)


def of_second_fit(bench: Bench, trial: Trial, board: Board) -> Iterator[CheckFinding]:
    """Whether the same seed trains the same model, to the byte, in another process."""
    suite, folder = bench.suite, bench.folder / "probes" / AGAIN
    inputs = FitInputs(bench.subject(trial), bench.rows(*SEEN), suite.images, suite.checkpoint_seconds)
    tried = bench.tried(AGAIN, FIT.runs, inputs, trial.listing, suite.limit(FIT.name))
    if not tried.outcome.ok:
        yield of_probe(AGAIN, "", tried, trial.model.plugin.home)
    elif sha256_of(folder / CHECKPOINT) == sha256_of(board.folder / FIT.name / CHECKPOINT):
        yield ok(AGAIN, "", "a second fit under the same seed leaves the same bytes")
    else:
        got = "another one; what draws besides torch's, numpy's and random's default generators, or reads a clock?"
        yield broken(AGAIN, "", "the same checkpoint of a second fit under the same seed", got)
