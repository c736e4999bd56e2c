"""Judgement: the findings of every audit on what a model answered, and the verdict that they come to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from genbench.errors import InvalidEvidence
from genbench.files.sequences import token_counts
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict, finding
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import alternatives, rungs
from genbench.scoring.audits.answers import Answers, sorted_by
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.findings import (
    e_value,
    exhaustive_sum,
    no_spikes,
    noise_floor,
    ordering,
    same_answer,
    same_scatter,
    sampler_density,
)
from genbench.scoring.audits.left import Left
from genbench.scoring.audits.stream import Role, Stream

NO_NATS = "there are no nats of the real space"
OF_ANSWERS = ("noise-floor", "e-value", "sampler-density", "ordering", "same-answer", "no-spikes")


def judged(left: Left, samples: NDArray[np.integer], test: NDArray[np.integer], space: Space) -> list[AuditFinding]:
    """The findings of every audit.

    Args:
        samples: [n, *shape], what the described sampler drew.
        test: [N, *shape], the test split.
    Raises:
        InvalidEvidence: facts or arrays of another form than the stages leave.
    """
    _check(left, space)
    summed = _sum(left, space)
    answers = None
    if left.density.stream is not None and left.density.said is not None:
        answers = sorted_by(left.density.stream, left.density.said)
    broken = [name for name, nats in _arrays(left, answers) if np.isnan(nats).any() or np.isposinf(nats).any()]
    if broken:
        words = f"log_prob() gave NaN or infinity for {', '.join(broken)}"
        return [finding("exhaustive-sum", AuditStatus.FAILED, words)]
    if answers is None or left.density.stream is None:
        return [summed, *(finding(name, AuditStatus.SKIPPED, NO_NATS) for name in OF_ANSWERS)]
    dim, levels = space.dim, space.levels or 0
    told = token_counts(answers.noise_rows.reshape(-1, dim), space.end)
    rows = test[left.density.stream.tested].reshape(-1, dim)
    return [
        summed,
        noise_floor(answers.noise, told, levels),
        _e_value(answers, left.density.stream),
        _sampler(left, answers, samples[: len(answers.own)].reshape(-1, dim), levels),
        ordering(answers.test, rows, answers.valid, answers.own),
        _same_answer(answers, left.facts.likelihood),
        no_spikes(answers.moved, answers.own, answers.test, dim)
        if space.end is None and space.symbols is None
        else finding("no-spikes", AuditStatus.SKIPPED, "tokens are no quantities: no other one is near by"),
    ]


def _arrays(left: Left, answers: Answers | None) -> list[tuple[str, NDArray[np.float64]]]:
    found = [("the tiny space", left.table), ("a refit", left.refit)]
    if answers is None:
        return found
    own = {name: nats for name, nats in vars(answers).items() if name != "noise_rows"}
    found += [(name, nats) for name, nats in own.items() if isinstance(nats, np.ndarray)]
    return [*found, ("alike", answers.alike.nats), ("elsewhere", answers.elsewhere.nats)]


def _check(left: Left, space: Space) -> None:
    steps, facts, exact = rungs.ladder(space), left.facts, left.facts.likelihood is Likelihood.EXACT
    if facts.rung is not None and not 0 <= facts.rung < len(steps):
        raise InvalidEvidence(f"the audit names rung {facts.rung} of {len(steps)}")
    if {*left.density.kinds} - {facts.likelihood}:
        said = ", ".join(sorted({kind.value for kind in (*left.density.kinds, facts.likelihood)}))
        raise InvalidEvidence(f"the density says of itself now this and now that: {said}")
    states = 0 if facts.rung is None else rungs.count(steps[facts.rung])
    _check_form("table", left.table, np.float64, (max(2, _rows(left.table)) if states else 0, states))
    _check_form("drawn", left.drawn, np.int64, (_rows(left.drawn),) if exact and states else (0,))
    if len(left.drawn) and not (left.drawn.min() >= 0 and left.drawn.max() < states):
        found = f"from {left.drawn.min()} to {left.drawn.max()}"
        raise InvalidEvidence(f"the audit left states {found}, expected [0, {states})")
    if exact and left.density.stream is not None:
        own = sum(int((half.role == Role.OWN).sum()) for half in left.density.stream.halves)
        _check_form("refit", left.refit, np.float64, (0,) if facts.refit else (own - own // 2,))


def _check_form(name: str, array: NDArray[np.generic], dtype: type, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != dtype:
        found = f"{array.dtype} {array.shape}"
        raise InvalidEvidence(f"the audit left {name} {found}, expected {np.dtype(dtype)} {shape}")


def _rows(array: NDArray[np.generic]) -> int:
    return len(array) if array.ndim else 0


def _sum(left: Left, space: Space) -> AuditFinding:
    facts: AuditFacts = left.facts
    if facts.likelihood is Likelihood.ESTIMATE:
        return finding("exhaustive-sum", AuditStatus.SKIPPED, "unaudited sum: an estimate need not sum to 1")
    if facts.rung is None:
        return finding("exhaustive-sum", AuditStatus.SKIPPED, f"fits no tiny space: {'; '.join(facts.refused)}")
    return exhaustive_sum(left.table, facts.likelihood, str(rungs.ladder(space)[facts.rung]))


def _same_answer(answers: Answers, kind: Likelihood) -> AuditFinding:
    """Of an exact density every row that was asked for twice; of others, whose scatter counts, test rows alone."""
    if kind is Likelihood.EXACT:
        twice = [answers.alike.nats, answers.elsewhere.nats, answers.kernel, answers.linear]
        return same_answer(np.concatenate(twice, 1))
    return same_scatter(answers.alike, answers.elsewhere)


def _e_value(answers: Answers, stream: Stream) -> AuditFinding:
    known = [(answers.kernel, stream.kernel), (answers.linear, stream.linear)]
    known = [(nats, log_q) for nats, log_q in known if len(log_q)]
    if not known:
        return finding("e-value", AuditStatus.SKIPPED, "there is no density to draw from: too many levels, or entries")
    return e_value(known)


def _sampler(left: Left, answers: Answers, samples: NDArray[np.integer], levels: int) -> AuditFinding:
    if left.facts.likelihood is not Likelihood.EXACT:
        words = f"log_prob() is not exact ({left.facts.likelihood.value})"
        return finding("sampler-density", AuditStatus.SKIPPED, words)
    if len(samples) < 2:
        return finding("sampler-density", AuditStatus.SKIPPED, "two samples are the least that can be split")
    found = alternatives.of_samples(samples, levels) + ([left.refit] if len(left.refit) else [])
    ratios = {"its own samples": alternatives.log_e(answers.own[len(samples) // 2 :], found)}
    if len(left.drawn):
        log_p = left.table.mean(0)
        normal, second = log_p - logsumexp(log_p), left.drawn[len(left.drawn) // 2 :]
        ratios["samples on the tiny space"] = alternatives.log_e(
            normal[second], alternatives.of_table(normal, left.drawn)
        )
    return sampler_density(ratios)


def verdict(kind: Likelihood, findings: Sequence[AuditFinding]) -> AuditVerdict:
    """What all findings come to: one failure fails, and neither a sum that nobody made nor no nats at all is a pass."""
    failed = [found for found in findings if found.status is AuditStatus.FAILED]
    skipped = [found for found in findings if found.status is AuditStatus.SKIPPED]
    sums = [found for found in skipped if found.name == "exhaustive-sum"]
    unheard = [found for found in skipped if found.words == NO_NATS][:1]
    unsummed = bool(sums) and kind is not Likelihood.ESTIMATE
    unaudited = unsummed or bool(unheard)
    status = AuditStatus.FAILED if failed else AuditStatus.UNAUDITED if unaudited else AuditStatus.PASSED
    reasons = [f"{found.name}: {found.words}" for found in failed] or [found.words for found in (*sums, *unheard)]
    return AuditVerdict(status, "; ".join(reasons) or None, tuple(findings))
