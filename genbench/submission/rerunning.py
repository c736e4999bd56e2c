"""Rerunning: a bundle's models trained and drawn from again, as a run does it, and held against what was submitted.

With the record's own secret and seeds all is drawn as it was. On the same machine, from a model that repeats itself,
the scores are the same to the bit. Elsewhere training goes another way, and another run of the same model comes out:
the means over seeds have to lie as near as two such means do, by the spread of what came out here. Of that alone:
the spread of what was submitted is its author's to choose.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from scipy.stats import t

from genbench.catalogue import Catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.protocol.stages import steps_of
from genbench.protocol.stages.stage import Ground
from genbench.protocol.trial import Trial, chosen
from genbench.records.kinds import Axis
from genbench.records.record import Candidate, Record
from genbench.records.score import ScoreRecord
from genbench.submission import differences
from genbench.submission.bundle import EVIDENCE, RECORDS
from genbench.submission.evidence import Left
from genbench.submission.finding import Check, Finding, noted, refused
from genbench.submission.reading import Bundled
from genbench.submission.rescoring import EXAMS, rescored
from genbench.submission.spoken import OF_CLOCKS

RERUN = "rerun"  # in the copy of a bundle
LEVEL = 0.01  # that any score of an honest candidate is refused; shared out among its scores (Bonferroni)
ENOUGH = 5  # seeds by whose spread scores may be called confirmed elsewhere
NEAR, FLOOR = 0.25, 0.05  # of the larger value, the most and the least that means may differ by: chosen, not measured
TIED = 1.25  # times another speed


def trials_again(records: Sequence[Bundled], catalogue: Catalogue) -> tuple[dict[str, Trial], list[Finding]]:
    """What can be run again, by slug, and what cannot, with the reason; controls and samples alone are left out."""
    found: dict[str, Trial] = {}
    faults = []
    for own in records:
        model = own.record.model
        if model.control is not None or model.samples_only:
            continue
        try:
            entry, settings = chosen(model.reference, catalogue)
        except GenbenchError as error:
            faults.append(refused(Check.RERUN, f"{own.trial} cannot be run again here: {error}"))
            continue
        trial = Trial(entry, settings, own.record.seed)
        if entry.plugin.code != model.code:
            words = f"its code was {model.code[:12]}…, and {entry.plugin.code[:12]}… is installed; install that version"
            faults.append(refused(Check.RERUN, f"{own.trial} cannot be run again here: {words}"))
        elif trial.slug != own.slug:
            faults.append(refused(Check.RERUN, f"{own.trial} is {trial.slug} here, and {own.slug} in the bundle"))
        else:
            found[own.slug] = trial
    return found, faults


def run_again(
    trials: Mapping[str, Trial], ground: Ground, folder: Path, hides: Sequence[str], supervisor: Supervisor
) -> dict[str, Record]:
    """The record of each trial as it comes out, by slug: its plugin is confined as in any run.

    Args:
        ground: with exams and the records' secrets.
        folder: the bundle's own copy, of which the plugin sees nothing.
        hides: what else it may not open.
    """
    hidden = (*hides, *(str((folder / name).absolute()) for name in (EVIDENCE, RECORDS, EXAMS)))
    own = replace(ground, root=folder / RERUN, hides=hidden)
    left = {slug: Left({}, tuple(step.name for step in steps_of(trial, own.asked))) for slug, trial in trials.items()}
    return rescored(list(trials.values()), own, left, supervisor)


@dataclass(frozen=True)
class _Pair:
    """A trial as it was submitted and as it came out here."""

    own: Bundled
    again: Record

    def candidates(self) -> Iterator[tuple[str, Candidate, Candidate | None]]:
        """Who was submitted as ok, and what came of it here."""
        here = {(one.task, one.sampler): one for one in self.again.candidates}
        for said in (candidate for candidate in self.own.record.candidates if candidate.ok):
            who = f"{said.task} {said.sampler}".rstrip()
            yield who, said, here.get((said.task, said.sampler))

    @property
    def exact(self) -> bool:
        """Whether each score that no clock gives came out to the bit."""
        return all(
            other is not None and score.value == other.scores[name].value
            for _, said, other in self.candidates()
            for name, score in _judged(said)
        )


def rerun_findings(records: Sequence[Bundled], again: Mapping[str, Record]) -> tuple[list[Finding], frozenset[str]]:
    """How far what came out agrees with what was submitted, and the slugs of the trials that it confirms."""
    pairs = [_Pair(own, again[own.slug]) for own in records if own.slug in again]
    found = [finding for pair in pairs for finding in _of_one(pair)]
    confirmed = set()
    if not any(finding.refused for finding in found):  # or there are scores without another to compare with
        for reference in dict.fromkeys(pair.own.record.model.reference for pair in pairs):
            seeds = [pair for pair in pairs if pair.own.record.model.reference == reference]
            found += [refused(Check.RERUN, f"{reference}, {words}") for words in _apart(seeds)]
            for pair in seeds:
                words, holds = _agreement(pair, len(seeds))
                found.append(noted(Check.RERUN, f"{pair.own.trial}: run again, {words}"))
                confirmed |= {pair.own.slug} if holds else set()
    return found, frozenset(confirmed)


def _agreement(pair: _Pair, seeds: int) -> tuple[str, bool]:
    """What is said of a trial that nothing contradicts, and whether the rerun confirms it."""
    if not any(True for _, said, _ in pair.candidates() for _ in _judged(said)):
        return "nothing to compare, since clocks gave all of its scores; it stays recomputed", False
    if pair.exact:
        return "the same to the bit", True
    if differences.tolerance(pair.own.record.machine, pair.again.machine) is differences.EXACT:
        words = "not to the bit on the same machine: its model does not repeat itself, or another one was submitted"
        return f"{words}; its scores stay recomputed", False
    if seeds < ENOUGH:
        words = f"not far off, which {seeds} seed{'s' * (seeds != 1)} cannot confirm; expected {ENOUGH} at least"
        return f"{words}; its scores stay recomputed", False
    return "as near as another run of its seeds", True


def _of_one(pair: _Pair) -> Iterator[Finding]:
    for name, said, other in pair.candidates():
        who = f"{pair.own.trial}, {name}"
        if other is None or not other.ok:
            ended = "nothing" if other is None else f"{other.status.value} ({other.reason})"
            yield refused(Check.RERUN, f"{who}: the record says ok, and the rerun gave {ended}")
            return
        lacking = [score for score, _ in _judged(said) if score not in other.scores]
        more = (f"{score}: the record has it, and the rerun does not" for score in lacking)
        for words in (*_gates(said, other), *more):
            yield refused(Check.RERUN, f"{who}: {words}")
        yield from (noted(Check.RERUN, f"{who}: {words}") for words in _speeds(said, other))


def _judged(candidate: Candidate) -> Iterator[tuple[str, ScoreRecord]]:
    return ((name, score) for name, score in candidate.scores.items() if score.axis not in OF_CLOCKS)


def _gates(said: Candidate, other: Candidate) -> Iterator[str]:
    for gate in ("memorisation", "audits"):
        before, after = (getattr(one, gate) for one in (said, other))
        if (before and before.status) != (after and after.status):
            states = [one.status.value if one else "nothing" for one in (before, after)]
            yield f"{gate}: the record says {states[0]}, and the rerun gave {states[1]}"


def _apart(pairs: Sequence[_Pair]) -> Iterator[str]:
    """Scores of a model whose means over its seeds lie too far apart."""
    values: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for pair in pairs:
        for who, said, other in pair.candidates():
            for name, score in _judged(said):
                assert other is not None
                values.setdefault((who, name), []).append((score.value, other.scores[name].value))
    for (who, name), found in values.items():
        before, here = zip(*found, strict=True)
        allowed = _allowed(mean(before), here, sum(own == who for own, _ in values))
        if abs(mean(before) - mean(here)) > allowed:
            told = f"recorded {mean(before):.6g}, run again {mean(here):.6g}"
            of = f", means of {len(found)} seeds" if len(found) > 1 else ""
            yield f"{who}: {name}: {told}{of}; expected a difference of {allowed:.3g} at most"


def _allowed(before: float, here: Sequence[float], scores: int) -> float:
    """By how much a mean may differ from that of what came out here: as two means of as many seeds do."""
    largest, seeds = max(abs(before), abs(mean(here))), len(here)
    most = NEAR * largest + FLOOR
    if seeds < ENOUGH:
        return most
    spread = float(t.ppf(1 - LEVEL / (2 * scores), seeds - 1)) * stdev(here) * sqrt(2 / seeds)
    return min(max(spread, FLOOR * largest), most)


def _speeds(said: Candidate, other: Candidate) -> Iterator[str]:
    for name, score in said.scores.items():
        here = other.scores.get(name)
        if score.axis is Axis.SPEED and here and min(score.value, here.value) > 0:
            factor = max(score.value, here.value) / min(score.value, here.value)
            if factor > TIED:
                yield f"{name}: recorded {score.value:.4g}, {here.value:.4g} here"
