"""Audits: is a density one? What a model said on tiny spaces, noise and its own samples, against what sums to 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.records.audits import Finding
from genbench.records.space import Space
from genbench.scoring.audits import rungs
from genbench.scoring.audits.findings import (
    ESTIMATE,
    EXACT,
    e_value,
    exhaustive_sum,
    noise_floor,
    ordering,
    sampler_density,
)
from genbench.scoring.audits.kernels import MAX_LEVELS, Kernels
from genbench.seeds import seed_for

NOISE, PERTURBED = 32, 40  # images of each kind that a model is asked for, the perturbed ones twice
OWN = {EXACT: 1000}  # samples of its own, where they are judged; else as many as follow
OWN_SHOWN = 32
CENTRES = 500  # held-out rows that the perturbed images lie around
KEYS = frozenset({"noise", "perturbed", "samples", "table", "drawn"})


@dataclass(frozen=True)
class Reference:
    """The real data that audits need: [N, *shape] of the storage dtype each, and their Space."""

    space: Space
    valid: NDArray[Any]
    test: NDArray[Any]


@dataclass(frozen=True)
class Told:
    """What an `audit` stage brought back of one candidate.

    Args:
        arrays: by the names of KEYS; all float64 but `drawn`, int64.
        kind: a value of Likelihood.
        rung: the place on the ladder that was fitted, None: none was.
        refused: why each rung before it was not.
    """

    arrays: Mapping[str, NDArray[Any]]
    kind: str
    rung: int | None
    refused: Sequence[str]


def noise(space: Space) -> NDArray[np.int64]:
    """Uniform noise [NOISE, *shape], the same for every model."""
    rng = np.random.default_rng(seed_for("audit", "noise", str(space)))
    return rng.integers(space.levels or 0, size=(NOISE, *space.shape))


def kernels(space: Space, valid: NDArray[Any]) -> Kernels | None:
    """The density around held-out rows; None where there are too many levels for its tables."""
    if space.levels is None or space.levels > MAX_LEVELS:
        return None
    return Kernels(np.array(valid[:CENTRES]).reshape(-1, space.dim).astype(np.int64), space.levels)


def perturbed(space: Space, valid: NDArray[Any]) -> NDArray[np.int64]:
    """Draws of that density [PERTURBED, *shape], the same for every model; none where there is no such density."""
    found = kernels(space, valid)
    if found is None:
        return np.empty((0, *space.shape), np.int64)
    return found.draw(PERTURBED, np.random.default_rng(seed_for("audit", "kernels"))).reshape(-1, *space.shape)


def own_rows(kind: str, count: int) -> int:
    """How many of a model's own samples it is asked for."""
    return min(count, OWN.get(kind, OWN_SHOWN))


def judged(told: Told, samples: NDArray[Any], test: NDArray[np.float64] | None, real: Reference) -> list[Finding]:
    """The findings of every audit.

    Args:
        samples: [n, *shape], what the described sampler drew.
        test: [N] nats of the test set; None where the density stage failed.
    Raises:
        InvalidEvidence: arrays of another form than the stage leaves.
    """
    space, dim, levels = real.space, real.space.dim, real.space.levels or 0
    arrays = _checked(told, len(samples), real)
    broken = [name for name, nats in arrays.items() if np.isnan(nats).any() or np.isposinf(nats).any()]
    if broken:
        return [Finding("exhaustive-sum", "failed", f"log_prob() gave NaN or infinity for {', '.join(broken)}")]
    own = arrays["samples"]
    return [
        _sum(told, space),
        noise_floor(arrays["noise"], dim, levels),
        _e_value(arrays, real),
        _sampler(told, samples[: len(own)].reshape(-1, dim), levels),
        Finding("ordering", "skipped", "there are no nats of the test set")
        if test is None
        else ordering(test, real.test.reshape(-1, dim), own, arrays["perturbed"], told.kind),
    ]


def _checked(told: Told, count: int, real: Reference) -> Mapping[str, NDArray[Any]]:
    wanted: dict[str, tuple[int, ...]] = {
        "noise": (NOISE,),
        "perturbed": (2, len(perturbed(real.space, real.valid))),
        "samples": (own_rows(told.kind, count),),
    }
    steps = rungs.ladder(real.space)
    if told.rung is not None and not 0 <= told.rung < len(steps):
        raise InvalidEvidence(f"the audit names rung {told.rung} of {len(steps)}")
    table, drawn = told.arrays["table"], told.arrays["drawn"]
    states = 0 if told.rung is None else (steps[told.rung].levels or 0) ** steps[told.rung].dim
    wanted["table"] = (max(2, len(table)) if states else 0, states)
    wanted["drawn"] = (len(drawn),) if told.kind == EXACT and states else (0,)
    for name, shape in wanted.items():
        dtype = np.int64 if name == "drawn" else np.float64
        if told.arrays[name].shape != shape or told.arrays[name].dtype != dtype:
            found = f"{told.arrays[name].dtype} {told.arrays[name].shape}"
            raise InvalidEvidence(f"the audit left {name} {found}, expected {np.dtype(dtype)} {shape}")
    if len(drawn) and not (drawn.min() >= 0 and drawn.max() < states):
        raise InvalidEvidence(f"the audit left states from {drawn.min()} to {drawn.max()}, expected [0, {states})")
    return told.arrays


def _sum(told: Told, space: Space) -> Finding:
    if told.kind == ESTIMATE:
        return Finding("exhaustive-sum", "skipped", "unaudited sum: an estimate need not sum to 1")
    if told.rung is None:
        return Finding("exhaustive-sum", "skipped", f"fits no tiny space: {'; '.join(told.refused)}")
    return exhaustive_sum(told.arrays["table"], told.kind, str(rungs.ladder(space)[told.rung]))


def _e_value(arrays: Mapping[str, NDArray[Any]], real: Reference) -> Finding:
    found, x = kernels(real.space, real.valid), perturbed(real.space, real.valid)
    if found is None:
        return Finding("e-value", "skipped", f"there are more than {MAX_LEVELS} levels")
    return e_value(arrays["perturbed"], found.log_prob(x.reshape(len(x), -1)))


def _sampler(told: Told, samples: NDArray[Any], levels: int) -> Finding:
    if told.kind != EXACT:
        return Finding("sampler-density", "skipped", f"log_prob() is not exact ({told.kind})")
    if len(samples) < 2:
        return Finding("sampler-density", "skipped", "two samples are the least that can be split")
    table = told.arrays["table"]
    log_p = table.mean(0) if len(table) else np.empty(0)
    return sampler_density(told.arrays["samples"], samples, levels, log_p, told.arrays["drawn"])


def verdict(kind: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """The audits of a candidate as records keep them: one failure fails, and a sum that nobody made is no pass."""
    failed = [finding for finding in findings if finding.status == "failed"]
    sums = [finding for finding in findings if finding.name == "exhaustive-sum" and finding.status == "skipped"]
    status = "failed" if failed else "unaudited" if sums and kind != ESTIMATE else "passed"
    reasons = [f"{finding.name}: {finding.words}" for finding in failed] or [finding.words for finding in sums]
    return {
        "status": status,
        "reason": "; ".join(reasons) or None,
        "audits": [finding.to_json() for finding in findings],
    }


def unaudited(reason: str) -> dict[str, Any]:
    """The same where there are no findings."""
    return {"status": "unaudited", "reason": reason, "audits": []}
