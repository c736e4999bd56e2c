"""Spaces: which a model class serves. Any may be refused, by Unsuitable and by nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from genbench.conformance.bench import Bench, Tried, beside
from genbench.conformance.endings import of_probe
from genbench.files import codec
from genbench.protocol.probing import SPACES, SpaceFacts, SpaceInputs
from genbench.protocol.trial import Trial
from genbench.records.checks import CheckFinding, inapplicable, ok
from genbench.records.space import Space
from genbench.records.status import Status

NAME = "spaces"
TRIED = (  # beside the small board's own
    Space((3, 8, 8), 256),
    Space((1, 7, 5), 2, 2),
    Space((1, 12, 12), 256, 3),
    Space((1, 2, 2), 4, 1),
    Space((1, 1, 1), 2),
    Space((1, 6, 6), 1),
    Space((1, 8, 8), None),
    Space((12,), 5, 2),
    Space((2,), None),
)
IMAGES = 1024  # of the fit in each of them
SAMPLES = 3  # of each preset there
ROWS = 6  # that abilities are tried on there


@dataclass(frozen=True)
class Served:
    """What became of a Space: whether the class serves it, and the finding."""

    space: Space
    serves: bool
    finding: CheckFinding


def served(bench: Bench, trial: Trial) -> list[Served]:
    """What becomes of each Space."""
    hung: list[Space] = []

    def tried(space: Space) -> Served:
        if hung:  # so will this one, perhaps, and nobody wants to wait for that
            return Served(space, False, inapplicable(NAME, str(space), f"not tried: it did not end in {hung[0]}"))
        found = _tried(bench, trial, space)
        hung.extend([space] if found.outcome.status is Status.TIMEOUT else [])
        return Served(space, found.outcome.ok, _told(space, found, trial))

    return beside(tried, TRIED)


def abilities(bench: Bench, trial: Trial, space: Space) -> Iterator[CheckFinding]:
    """What a class that refuses the small board's Space promises in another one, where it is not reloaded."""
    found = _tried(bench, trial, space, ROWS)
    if not found.outcome.ok:
        yield of_probe(NAME, str(space), found, trial.model.plugin.home)
        return
    yield from (replace(own, of=str(space)) for own in codec.decoded(SpaceFacts, found.outcome.facts, NAME).findings)


def _tried(bench: Bench, trial: Trial, space: Space, rows: int = 0) -> Tried:
    inputs = SpaceInputs(bench.subject(trial), space, IMAGES, SAMPLES, rows)
    return bench.tried(f"{NAME}.{TRIED.index(space)}{'.abilities' if rows else ''}", SPACES, inputs, trial.listing)


def _told(space: Space, tried: Tried, trial: Trial) -> CheckFinding:
    if tried.outcome.status is Status.SKIPPED:
        return inapplicable(NAME, str(space), f"refused: {tried.outcome.reason}")
    if not tried.outcome.ok:
        return of_probe(NAME, str(space), tried, trial.model.plugin.home)
    facts = codec.decoded(SpaceFacts, tried.outcome.facts, NAME)
    draws = f", samples by {', '.join(facts.presets)}" if facts.presets else ""
    return ok(NAME, str(space), f"fits ({facts.images:,} images){draws}")
