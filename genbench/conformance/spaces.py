"""Spaces: which a model class serves. Any may be refused, by Unsuitable and by nothing else."""

from collections.abc import Iterator

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


def findings(bench: Bench, trial: Trial) -> Iterator[CheckFinding]:
    """What becomes of each Space; that none is served is no fault, the small board's may be."""

    hung: list[Space] = []

    def served(space: Space) -> CheckFinding:
        if hung:  # so will this one, perhaps, and nobody wants to wait for that
            return inapplicable(NAME, str(space), f"not tried, since it did not end in {hung[0]}")
        inputs = SpaceInputs(bench.subject(trial), space, IMAGES, SAMPLES)
        tried = bench.tried(f"{NAME}-{TRIED.index(space)}", SPACES, inputs, trial.listing)
        hung.extend([space] if tried.outcome.status is Status.TIMEOUT else [])
        return _told(space, tried, trial)

    yield from beside(served, TRIED)


def _told(space: Space, tried: Tried, trial: Trial) -> CheckFinding:
    if tried.outcome.status is Status.SKIPPED:
        return inapplicable(NAME, str(space), f"refused: {tried.outcome.reason}")
    if not tried.outcome.ok:
        return of_probe(NAME, str(space), tried, trial.model.plugin.home)
    facts = codec.decoded(SpaceFacts, tried.outcome.facts, NAME)
    draws = f", samples by {', '.join(facts.presets)}" if facts.presets else ""
    return ok(NAME, str(space), f"fits ({facts.images:,} images){draws}")
