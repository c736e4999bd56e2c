"""Scores what the candidates of a trial left in one task, in a process that no model plugin has touched."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue import parts
from genbench.contracts.evidence import EntryNats, Evidence, LogLikelihood
from genbench.contracts.metric import Metric
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.files.sequences import token_counts
from genbench.protocol.stages.score import (
    CandidateEvidence,
    CandidateScores,
    DensityEvidence,
    EntriesEvidence,
    ScoreFacts,
    ScoreInputs,
)
from genbench.records.audits import AuditVerdict, unaudited
from genbench.records.gates import CopyVerdict
from genbench.records.space import Space
from genbench.records.status import Status
from genbench.records.timing import Timing
from genbench.scoring.audits.answers import sorted_by
from genbench.scoring.audits.candidate import audited
from genbench.scoring.audits.left import DensityLeft, EntriesLeft
from genbench.scoring.audits.stream_files import read as read_stream, read_said
from genbench.scoring.audits.verification import nats_by_entry, rows_asked
from genbench.scoring.features import Features, SampleFeatures
from genbench.scoring.novelty.gate import CopyGate, copy_verdict
from genbench.scoring.scores import scored
from genbench.store import datasets
from genbench.store.commitment import chained, committed, kept_rows
from genbench.store.tensors import MOST_NATS, kept, read_arrays, read_named, read_samples

DEFAULTS = {
    "default dtype": "torch.float32",
    "default device": "cpu",
    "gradients": True,
    "matmul precision": "highest",
}
COPIES = "memorisation"  # the gate of a task whose samples may have been copied


def score(folder: Path, inputs: ScoreInputs, markers: Markers) -> ScoreFacts:
    """Score every candidate.

    Raises:
        GenbenchError: this process, the reference data or a candidate's files are not as they should be.
    """
    home, done, tally = inputs.data.path, [], _Tally(markers, len(inputs.candidates))
    _assert_defaults()
    with markers.timed("score"):
        datasets.verify(home)
        files = {name: kept.path for name, kept in inputs.weights.items()}
        classes = parts.extractors(inputs.parts).classes
        features = Features(home, classes, inputs.device, files, tally.extracted)
        task = parts.tasks([inputs.task.plugin]).named(inputs.task.name)(**inputs.task.settings)
        exam = _Exam(
            task,
            inputs.asked,
            inputs.count,
            None if inputs.questions is None else read_named(inputs.questions.path),
            None if inputs.key is None else read_named(inputs.key.path),
        )
        scorer = _Scorer(inputs, exam, features, parts.metrics(inputs.parts).classes)
        for candidate in inputs.candidates:
            done.append(scorer.scores(candidate))
            tally.scored()
    return ScoreFacts(tuple(done), tuple(features.damaged))


class _Tally:
    """Tells the parent of how many images the features are there, and which share of the candidates is scored."""

    def __init__(self, markers: Markers, candidates: int) -> None:
        self._markers, self._candidates = markers, candidates
        self._images = self._scored = 0
        self._of: dict[str, int] = {}

    def extracted(self, what: str, done: int, total: int) -> None:
        """So many rows of `what` are done."""
        self._images += done - self._of.get(what, 0) if done else 0
        self._of[what] = done
        self._tell()

    def scored(self) -> None:
        """One more candidate is."""
        self._scored += 1
        self._tell()

    def _tell(self) -> None:
        self._markers.progress(self._images, self._scored / self._candidates)


def _assert_defaults() -> None:
    """Refuse to score in a process whose torch has been changed: numbers would depend on who did it."""
    found = {
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "gradients": torch.is_grad_enabled(),
        "matmul precision": torch.get_float32_matmul_precision(),
    }
    changed = [f"{name} {value}" for name, value in found.items() if value != DEFAULTS[name]]
    if changed:
        raise GenbenchError(f"torch is not as it is when it starts: {', '.join(changed)}; scores need a fresh process")


@dataclass(frozen=True)
class _Exam:
    """A task as it was asked; no questions and no key where the task poses none."""

    task: Task
    name: str
    count: int
    questions: Arrays | None
    key: Arrays | None

    @property
    def posed(self) -> Exam | None:
        """The exam as it was posed."""
        return None if self.questions is None else Exam(self.questions, self.key or {})


@dataclass(frozen=True)
class _Scorer:
    """Scores the candidates of one trial and task."""

    inputs: ScoreInputs
    exam: _Exam
    features: Features
    metrics: Mapping[str, type[Metric]]

    def scores(self, candidate: CandidateEvidence) -> CandidateScores:
        """All that is found of one candidate."""
        task, space = self.exam.task, self.features.space
        try:
            evidence, drawn = self._evidence(candidate), self._drawn(candidate)
        except InvalidEvidence as error:
            return CandidateScores(candidate.sampler, Status.INVALID_EVIDENCE, str(error))
        own = self.features.of(evidence.samples)
        found = scored(self.inputs.scores, self.metrics, replace(evidence, drawn=drawn), own.compared)
        answers = evidence.samples if evidence.answers is None else evidence.answers
        return CandidateScores(
            candidate.sampler,
            Status.OK,
            None,
            found.scores,
            found.missing,
            self._copies(own, drawn) if COPIES in task.gates else None,
            self._audits(candidate.density, evidence) if candidate.density else None,
            {} if self.exam.posed is None else task.barred(self.exam.posed, answers, self._rows),
            task.exhibits(self.exam.questions or {}, answers, space),
        )

    def _copies(self, own: SampleFeatures, drawn: NDArray[Any] | None) -> CopyVerdict:
        gate = CopyGate(self.features, self.inputs.extractor, self.inputs.shows_held)
        return copy_verdict(lambda: gate.verdict(own, drawn))

    def _drawn(self, candidate: CandidateEvidence) -> NDArray[Any] | None:
        """What the first batches of a candidate's run drew, [n, *shape]; None where nobody kept it.

        Raises:
            InvalidEvidence: it is not what the candidate committed to.
        """
        run, timing, space = candidate.run, candidate.timing, self.features.space
        if run is None or timing is None or not timing.digests:
            return None
        x = read_arrays(run.rows.path, {"x"})["x"]
        x = kept(x, (len(x), *space.shape), space, "what was drawn holds") if len(x) else x
        head = self.exam.count - (len(timing.digests) - 1) * timing.batch
        blocks = [x[start : start + timing.batch] for start in range(0, len(x), timing.batch)]
        if chained(committed(block, head) for block in blocks) != run.committed:
            raise InvalidEvidence("what the process left of its first batches is not what it drew while the clock ran")
        return x

    def _audits(self, density: DensityEvidence, evidence: Evidence) -> AuditVerdict:
        if density.audit is None or density.audit_facts is None:
            return unaudited(density.unaudited)
        left = density_left(density)
        return audited(density.audit.path, density.audit_facts, left, evidence.samples, self.features.home)

    def _evidence(self, candidate: CandidateEvidence) -> Evidence:
        """A candidate's evidence, validated.

        Raises:
            InvalidEvidence: it is not what the task asks for.
        """
        exam, space, path = self.exam, self.features.space, candidate.answers.path
        labels = answers = None
        if exam.questions is None:
            labelled = space if candidate.timing else replace(space, classes=None)  # who drew for nobody was told none
            samples, labels = read_samples(path, labelled, exam.count)
            _check_kept(samples, candidate.timing)
        else:
            answers = exam.task.checked(read_arrays(path, {"answers"})["answers"], exam.questions, space)
            _check_kept(answers, candidate.timing)
            shown = exam.task.samples(answers, exam.key or {})
            samples = np.empty((0, *space.shape), space.storage) if shown is None else shown
        return Evidence(
            space,
            samples,
            labels,
            candidate.timing,
            None if candidate.density is None else self._likelihood(density_left(candidate.density)),
            candidate.parameters,
            candidate.fit_seconds,
            task=exam.name,
            questions=exam.questions,
            answers=answers,
            key=exam.key,
            measure=exam.task.measure(space),
            entry_nats=None if candidate.entries is None else self._entry_nats(candidate.entries),
            rows=self._rows,
        )

    def _rows(self, split: str) -> NDArray[Any]:
        return datasets.read(self.features.home, split).x

    def _entry_nats(self, entries: EntriesEvidence) -> EntryNats:
        """What a model said of some test rows entry by entry.

        Raises:
            InvalidEvidence: that is not what it committed to.
        """
        first, second, key = (kept.path for kept in entries.stream)
        test = datasets.read(self.features.home, "test").x
        rows = rows_asked(read_stream((first, second), key), test)
        return EntryNats(rows, nats_by_entry(_entries_left(entries), rows, self.features.space))

    def _likelihood(self, left: DensityLeft) -> LogLikelihood | None:
        """What a density said of the test rows, and how many tokens these have."""
        found, space = likelihood(left, self.features.space), self.features.space
        if found is None or left.stream is None:
            return found
        rows = datasets.read(self.features.home, "test").x[left.stream.tested]
        return replace(found, tokens=token_counts(rows.reshape(-1, space.dim), space.end))


def _check_kept(rows: NDArray[Any], timing: Timing | None) -> None:
    """Refuse what is not what a candidate's process committed to while the clock ran, where one did.

    Raises:
        InvalidEvidence: it is something else.
    """
    if timing is not None and not kept_rows(rows, timing.digests, timing.batch):
        raise InvalidEvidence("what the process left is not what it drew while the clock ran")


def density_left(density: DensityEvidence) -> DensityLeft:
    """What a density was asked and said.

    Raises:
        InvalidEvidence: the files of its nats are none.
    """
    if not density.stream:
        return DensityLeft(undone=density.unverified)
    first, second, key = (kept.path for kept in density.stream)
    said = read_said(density.nats[0].path, density.nats[1].path) if density.nats else None
    entries = None if density.entries is None else _entries_left(density.entries)
    return DensityLeft(read_stream((first, second), key), said, density.kinds, entries, density.unverified)


def _entries_left(entries: EntriesEvidence) -> EntriesLeft:
    return EntriesLeft(entries.answers.path, entries.committed)


def likelihood(left: DensityLeft, space: Space) -> LogLikelihood | None:
    """What a density said of the test rows, validated; None where it said nothing. A row may have no probability.

    Raises:
        InvalidEvidence: not one number a row, none that a logarithm of a probability can be, or of two kinds.
    """
    if left.stream is None or left.said is None:
        return None
    nats = sorted_by(left.stream, left.said).test
    if np.isnan(nats).any() or np.isposinf(nats).any():
        raise InvalidEvidence("nats are NaN or infinite")
    if space.levels is not None and nats.max() > MOST_NATS:
        raise InvalidEvidence(f"nats reach {nats.max():.4g}, a probability above 1")
    if len({*left.kinds}) != 1:
        raise InvalidEvidence("the density says of itself now this and now that")
    return LogLikelihood(nats, left.kinds[0])
