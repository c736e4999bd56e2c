"""Judgement: the findings of every audit on what a model answered, and the verdict that they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict, finding
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import rungs
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.findings import e_value, exhaustive_sum, noise_floor, ordering, sampler_density
from genbench.scoring.audits.kernels import MAX_LEVELS
from genbench.scoring.audits.questions import NOISE, kernels, own_rows, perturbed

Arrays = Mapping[str, NDArray[Any]]  # by the names of `questions.KEYS`


@dataclass(frozen=True)
class RealData:
    """The real data that audits need: [N, *shape] of the storage dtype each, and their Space."""

    space: Space
    valid: NDArray[Any]
    test: NDArray[Any]


def judged(
    facts: AuditFacts, arrays: Arrays, samples: NDArray[Any], test: NDArray[np.float64] | None, real: RealData
) -> list[AuditFinding]:
    """The findings of every audit.

    Args:
        facts, arrays: what the `audit` stage left.
        samples: [n, *shape], what the described sampler drew.
        test: [N] nats of the test set; None where the density stage failed.
    Raises:
        InvalidEvidence: facts or arrays of another form than the stage leaves.
    """
    _check(facts, arrays, len(samples), real)
    dim, levels, own = real.space.dim, real.space.levels or 0, arrays["samples"]
    broken = [name for name, nats in arrays.items() if np.isnan(nats).any() or np.isposinf(nats).any()]
    if broken:
        words = f"log_prob() gave NaN or infinity for {', '.join(broken)}"
        return [finding("exhaustive-sum", AuditStatus.FAILED, words)]
    return [
        _sum(facts, arrays, real.space),
        noise_floor(arrays["noise"], dim, levels),
        _e_value(arrays, real),
        _sampler(facts, arrays, samples[: len(own)].reshape(-1, dim), levels),
        finding("ordering", AuditStatus.SKIPPED, "there are no nats of the test set")
        if test is None
        else ordering(test, real.test.reshape(-1, dim), own, arrays["perturbed"], facts.likelihood),
    ]


def _check(facts: AuditFacts, arrays: Arrays, count: int, real: RealData) -> None:
    steps, table, drawn = rungs.ladder(real.space), arrays["table"], arrays["drawn"]
    if facts.rung is not None and not 0 <= facts.rung < len(steps):
        raise InvalidEvidence(f"the audit names rung {facts.rung} of {len(steps)}")
    states = 0 if facts.rung is None else (steps[facts.rung].levels or 0) ** steps[facts.rung].dim
    wanted: dict[str, tuple[int, ...]] = {
        "noise": (NOISE,),
        "perturbed": (2, len(perturbed(real.space, real.valid))),
        "samples": (own_rows(facts.likelihood, count),),
        "table": (max(2, _rows(table)) if states else 0, states),
        "drawn": (_rows(drawn),) if facts.likelihood is Likelihood.EXACT and states else (0,),
    }
    for name, shape in wanted.items():
        dtype = np.int64 if name == "drawn" else np.float64
        if arrays[name].shape != shape or arrays[name].dtype != dtype:
            found = f"{arrays[name].dtype} {arrays[name].shape}"
            raise InvalidEvidence(f"the audit left {name} {found}, expected {np.dtype(dtype)} {shape}")
    if len(drawn) and not (drawn.min() >= 0 and drawn.max() < states):
        raise InvalidEvidence(f"the audit left states from {drawn.min()} to {drawn.max()}, expected [0, {states})")


def _rows(array: NDArray[Any]) -> int:
    return len(array) if array.ndim else 0


def _sum(facts: AuditFacts, arrays: Arrays, space: Space) -> AuditFinding:
    if facts.likelihood is Likelihood.ESTIMATE:
        return finding("exhaustive-sum", AuditStatus.SKIPPED, "unaudited sum: an estimate need not sum to 1")
    if facts.rung is None:
        return finding("exhaustive-sum", AuditStatus.SKIPPED, f"fits no tiny space: {'; '.join(facts.refused)}")
    return exhaustive_sum(arrays["table"], facts.likelihood, str(rungs.ladder(space)[facts.rung]))


def _e_value(arrays: Arrays, real: RealData) -> AuditFinding:
    found, x = kernels(real.space, real.valid), perturbed(real.space, real.valid)
    if found is None:
        return finding("e-value", AuditStatus.SKIPPED, f"there are more than {MAX_LEVELS} levels")
    return e_value(arrays["perturbed"], found.log_prob(x.reshape(len(x), -1)))


def _sampler(facts: AuditFacts, arrays: Arrays, samples: NDArray[Any], levels: int) -> AuditFinding:
    if facts.likelihood is not Likelihood.EXACT:
        words = f"log_prob() is not exact ({facts.likelihood.value})"
        return finding("sampler-density", AuditStatus.SKIPPED, words)
    if len(samples) < 2:
        return finding("sampler-density", AuditStatus.SKIPPED, "two samples are the least that can be split")
    table = arrays["table"]
    log_p = table.mean(0) if len(table) else np.empty(0)
    return sampler_density(arrays["samples"], samples, levels, log_p, arrays["drawn"])


def verdict(kind: Likelihood, findings: Sequence[AuditFinding]) -> AuditVerdict:
    """What all findings come to: one failure fails, and a sum that nobody made is no pass."""
    failed = [found for found in findings if found.status is AuditStatus.FAILED]
    sums = [found for found in findings if found.name == "exhaustive-sum" and found.status is AuditStatus.SKIPPED]
    unsummed = bool(sums) and kind is not Likelihood.ESTIMATE
    status = AuditStatus.FAILED if failed else AuditStatus.UNAUDITED if unsummed else AuditStatus.PASSED
    reasons = [f"{found.name}: {found.words}" for found in failed] or [found.words for found in sums]
    return AuditVerdict(status, "; ".join(reasons) or None, tuple(findings))
