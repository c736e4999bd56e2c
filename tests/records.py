"""Synthetic records, as the harness writes them: what the tests of boards and sites are made of."""

import base64
import functools
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict
from genbench.records.gates import CopyFinding, CopyPair, CopyVerdict, GateStatus
from genbench.records.kinds import Axis, ControlKind, Direction, Family, Likelihood, Scale
from genbench.records.machine import Machine
from genbench.records.record import (
    Candidate,
    DataFacts,
    ModelFacts,
    Record,
    StageFacts,
    SuiteTerms,
    TaskTerms,
    TimingRecord,
)
from genbench.records.score import ScoreRecord, not_applicable
from genbench.records.space import Space
from genbench.records.status import Status

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)><b>bold</b>",
    "quotes": '"\' onmouseover="alert(3)" x=\'',
    "template": "{{ 7 * 7 }}{% raw %}</style></svg></template>--><!--",
    "path": "../../../../etc/passwd\x00.json",
    "bidi": "safe\u202egnp.exe\u2066\u200b\ufeff",
    "control": "\x1b[31mred\x1b[0m\r\n\x07\x9b",
    "link": "javascript:alert(4) http://example.com/ https://user@evil.example/ data:text/html,x",
    "surrogate": "lone \ud800 half",
    "long": "W" * 10_000,
    "formula": "=HYPERLINK(1)+@-",
}

_COLUMNS: Mapping[str, tuple[str, Axis, Direction, str, Scale, str]] = {  # title, axis, direction, unit, scale, guard
    "fd@digits-net": ("FD", Axis.OVERALL, Direction.LOWER, "", Scale.DISTANCE, "fd"),
    "clipped-density@digits-net": ("Clipped density", Axis.QUALITY, Direction.HIGHER, "", Scale.SHARE, "fd"),
    "clipped-coverage@digits-net": ("Clipped coverage", Axis.COVERAGE, Direction.HIGHER, "", Scale.SHARE, ""),
    "bits-per-dim": ("bits/dim", Axis.DENSITY, Direction.LOWER, "bits", Scale.PLAIN, ""),
    "throughput": ("Throughput", Axis.SPEED, Direction.HIGHER, "images/s", Scale.SPEED, ""),
    "fit-time": ("Fit time", Axis.COST, Direction.LOWER, "s", Scale.PLAIN, ""),
}
_DETAILS = {"fd@digits-net": {"real_floor": 2.1, "real_floor_count": 299.0, "bias_corrected": 11.0}}
_SHOWN = {"fd@digits-net": {"floor": "real_floor", "n =": "real_floor_count"}}
AXES = {"quality": "clipped-density@digits-net", "coverage": "clipped-coverage@digits-net", "speed": "throughput"}
EXTRACTOR = "digits-net/1/0123456789abcdef"


def score(name: str, value: float, **changes: Any) -> ScoreRecord:
    """One score of a candidate; `changes` replace its fields."""
    title, axis, direction, unit, scale, guard = _COLUMNS[name]
    return replace(
        ScoreRecord(
            value,
            title,
            axis,
            direction,
            unit,
            "1",
            scale,
            guard,
            tie=1.25 if axis is Axis.SPEED else 1.0,
            source=f"A paper on {title} 2026, https://example.org/{name.partition('@')[0]}",
            extractor=EXTRACTOR if "@" in name else None,
            details=_DETAILS.get(name, {}),
            shown=_SHOWN.get(name, {}),
        ),
        **changes,
    )


def candidate(name: str, values: Mapping[str, float] | None = None, **changes: Any) -> Candidate:
    """A candidate with these scores; without any it failed."""
    if not values:
        boom = Candidate("generate", name, "default", Status.ERROR, "sample", "RuntimeError: boom", elapsed=3.2)
        return replace(boom, **{"log": "Traceback: boom\n", **changes})
    dense = "bits-per-dim" in values
    return replace(
        Candidate(
            "generate",
            name,
            "default",
            Status.OK,
            elapsed=3.2,
            scores={column: score(column, value) for column, value in values.items()},
            missing={column: not_applicable("no density") for column in _COLUMNS if column not in values},
            likelihood=Likelihood.LOWER_BOUND if dense else None,
            evidence={"samples": "ab" * 32},
            timing=TimingRecord(images=599, seconds=1.5, batches=(0.25,) * 6),
            memorisation=memorisation(),
            audits=audits() if dense else None,
            exhibits={"grid": grid()},
        ),
        **changes,
    )


def memorisation(status: GateStatus = GateStatus.CLEAR, **changes: Any) -> CopyVerdict:
    """What the gate against copies says of a candidate: by default that nothing was copied."""
    flagged, judged = status is GateStatus.FLAGGED, status is not GateStatus.UNAVAILABLE
    share, bound = (0.98, 0.95) if flagged else (0.012, -0.02)
    tests = [
        CopyFinding(against, test, share, 0.01, flagged and against == "train", bound)
        for against in ("train", "test")
        for test in ("tail", "one-third")
    ]
    reasons = {
        GateStatus.FLAGGED: str(tests[0]),
        GateStatus.UNAVAILABLE: "needs at least two distinct rows of real data",
    }
    verdict = CopyVerdict(
        status,
        reasons.get(status),
        tuple(tests) if judged else (),
        {"train": 0.041, "test": 0.043},
        (CopyPair(7, "train", 12, 0.25),),
        grid(3, columns=4) if judged else None,
        EXTRACTOR,
    )
    return replace(verdict, **changes)


def audits(status: AuditStatus = AuditStatus.PASSED, **changes: Any) -> AuditVerdict:
    """What the audits say of a density: by default that it is one."""
    value = {AuditStatus.PASSED: 1.0, AuditStatus.FAILED: 3.2}.get(status)
    words = f"the 256 states of 1×2×2 with 4 levels sum to {value}" if value else "fits no tiny space"
    found = status if value else AuditStatus.SKIPPED
    verdict = AuditVerdict(
        status,
        None if status is AuditStatus.PASSED else f"exhaustive-sum: {words}",
        (
            AuditFinding("exhaustive-sum", found, words, value, 1.001),
            AuditFinding("noise-floor", AuditStatus.PASSED, "uniform noise costs 4.4", 4.4, 4.09),
        ),
    )
    return replace(verdict, **changes)


VALUES = {"fd@digits-net": 20.0, AXES["quality"]: 0.5, AXES["coverage"]: 0.6, "throughput": 1000.0, "fit-time": 40.0}
TERMS = TaskTerms(count=599, scores=tuple(_COLUMNS), axes=AXES)
SUITE = SuiteTerms(
    name="digits",
    title="Handwritten digits, 8×8",
    dataset="digits",
    images=300_000,
    batch=100,
    seeds=3,
    extractor="digits-net",
    tasks={"generate": TERMS},
)
DATASET = DataFacts(
    name="digits",
    sha256="d1" * 32,
    source="Alpaydin and Kaynak 1998, https://archive.ics.uci.edu/dataset/80",
    license="CC BY 4.0",
    space=Space((1, 8, 8), 17, 10),
    rows={"train": 599, "valid": 599, "test": 599},
)
SOFTWARE = {"genbench": "0.1.0", "python": "3.11.7", "platform": "Linux", "torch": "2.15.0"}
MACHINE = Machine(device="cpu", device_name="AMD EPYC", threads=1, cpus=2, **SOFTWARE)


def terms(**changes: Any) -> SuiteTerms:
    """The suite with other terms of its one task."""
    return replace(SUITE, tasks={"generate": replace(TERMS, **changes)})


def record(
    name: str = "vae",
    seed: int = 0,
    *,
    candidates: Sequence[Candidate] | None = None,
    model: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Record:
    """The record of one trial; `model` changes its model's fields, `changes` replace whole parts."""
    own = ModelFacts(
        name=name,
        reference=name,
        family=Family.VAE,
        source="Kingma and Welling 2013, https://arxiv.org/abs/1312.6114",
        description="A model.",
        capabilities=("density",),
        settings={"hidden": 256},
        distribution=f"genbench-{name}",
        version="0.1.0",
        code="abcd" * 16,
        parameters=123_456,
    )
    return replace(
        Record(
            format=3,
            protocol="c0ffee" * 10 + "0000",
            suite=SUITE,
            dataset=DATASET,
            model=replace(own, **(model or {})),
            seed=seed,
            machine=MACHINE,
            stages={"fit": StageFacts(Status.OK, seconds=40.1)},
            candidates=tuple([candidate(name, VALUES)] if candidates is None else candidates),
            curve=tuple({"images": 1000 * i, "seconds": 0.1 * i, "loss": 3.0 / i + 0.01 * seed} for i in range(1, 80)),
            finished="2026-11-21T03:00:00Z",
        ),
        **changes,
    )


def control(name: str, kind: ControlKind, *, values: Mapping[str, float] = VALUES, **changes: Any) -> Record:
    """The record of a control; `changes` are those of its candidate."""
    own = candidate(name, values, **changes)
    return record(name, candidates=[own], model={"control": kind, "family": Family.CONTROL})


@functools.cache
def grid(seed: int = 0, columns: int = 8, side: int = 8) -> str:
    """A base64 PNG of blurred noise, `columns`² samples of `side`² pixels: about as hard to compress as digits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    centres = rng.uniform(1, side - 1, (columns * columns, 2, 1, 1))
    ring = np.hypot(y - centres[:, 0], x - centres[:, 1])
    ink = np.exp(-((ring - 2) ** 2)) * 255 // 16 * 16
    tiles = ink.reshape(columns, columns, side, side).swapaxes(1, 2).reshape(columns * side, -1)
    out = io.BytesIO()
    Image.fromarray(tiles.astype(np.uint8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


_FIELD = [  # name, family, FD, quality, coverage, bits/dim, kind, images/s, fit seconds
    ("gan", Family.GAN, 24.1, 0.83, 0.58, None, None, 41_000.0, 38.0),
    ("vae", Family.VAE, 62.4, 0.41, 0.62, 2.71, Likelihood.LOWER_BOUND, 36_000.0, 21.0),
    ("flow", Family.FLOW, 48.9, 0.47, 0.79, 2.12, Likelihood.LOWER_BOUND, 8_200.0, 95.0),
    ("pixelcnn", Family.AUTOREGRESSIVE, 21.7, 0.80, 0.86, 1.74, Likelihood.EXACT, 61.0, 120.0),
    ("ddpm[steps=200]/ddpm", Family.DIFFUSION, 14.2, 0.90, 0.93, 1.98, Likelihood.LOWER_BOUND, 92.0, 140.0),
    ("ddpm[steps=200]/ddim-25", Family.DIFFUSION, 17.9, 0.88, 0.90, None, None, 740.0, 140.0),
    ("ddpm[steps=200]/ddim-5", Family.DIFFUSION, 39.3, 0.66, 0.81, None, None, 3_600.0, 140.0),
    ("flow-matching/heun-20", Family.DIFFUSION, 18.8, 0.87, 0.915, 1.91, Likelihood.ESTIMATE, 690.0, 133.0),
    ("ebm", Family.ENERGY, 88.0, 0.37, 0.44, None, None, 55.0, 260.0),
    ("ddgan", Family.HYBRID, 19.6, 0.85, 0.84, None, None, 9_800.0, 180.0),
    ("gaussian", Family.BASELINE, 131.0, 0.11, 0.35, 2.95, Likelihood.LOWER_BOUND, 210_000.0, 0.1),
    ("replay", Family.BASELINE, 10.4, 0.98, 0.969, None, None, 2.1e6, 0.2),
]
_CONTROLS = [
    ("real-held-out", ControlKind.CEILING, 9.1, 0.99, 0.985, None, None, 3.1e6, 0.01),
    ("independent-pixels", ControlKind.FLOOR, 412.0, 0.004, 0.03, 3.31, Likelihood.EXACT, 520_000.0, 0.05),
    ("copycat", ControlKind.COPY, 10.3, 0.985, 0.97, None, None, 2.9e6, 0.01),
]


def board_records(seeds: int = 3) -> list[Record]:
    """A full board: eleven candidates, one that copies, one that fails, one that fails once, and three controls."""
    models = [list(own) for _, own in itertools.groupby(_FIELD, key=lambda row: row[0].partition("/")[0])]
    records = [_trial(seed, None, rows) for seed in range(seeds) for rows in models]
    records += [
        _trial(seed, kind, [(name, Family.CONTROL, *rest)]) for seed in range(seeds) for name, kind, *rest in _CONTROLS
    ]
    log = "epoch 3\n\x1b[31mTraceback (most recent call last):\x1b[0m\nRuntimeError: loss is not finite\n"
    failed = candidate("vqvae", stage="fit", reason="RuntimeError: loss is not finite", log=log)
    records += [record("vqvae", seed, candidates=[failed], curve=()) for seed in range(seeds)]
    late = candidate("ebm", status=Status.TIMEOUT, reason="limit of 600 s", elapsed=600.4)
    return [replace(r, candidates=(late,)) if (r.model.name, r.seed) == ("ebm", 1) else r for r in records]


def _trial(seed: int, control: ControlKind | None, rows: list[Any]) -> Record:
    reference, family = rows[0][0].partition("/")[0], rows[0][1]
    own = [_scored(seed, name, numbers) for name, _, *numbers in rows]
    model = {"family": family, "reference": reference, "control": control}
    return record(reference.partition("[")[0], seed, candidates=own, model=model)


def _scored(seed: int, name: str, numbers: list[Any]) -> Candidate:
    rng = np.random.default_rng([seed, *name.encode()])
    fd, quality, coverage, bits, kind, speed, fit = numbers
    means = {
        "fd@digits-net": (fd, 0.03),
        AXES["quality"]: (quality, 0.008),
        AXES["coverage"]: (coverage, 0.01),
        "throughput": (speed, 0.02),
        "fit-time": (fit, 0.02),
    }
    if bits:
        means["bits-per-dim"] = bits, 0.002
    values = {column: float(mean * rng.normal(1, noise)) for column, (mean, noise) in means.items()}
    sampler = name.partition("/")[2] or "default"
    copies = GateStatus.FLAGGED if name in ("replay", "copycat") else GateStatus.CLEAR
    gates: dict[str, Any] = {"memorisation": memorisation(copies)}
    if bits:
        found = {"flow": AuditStatus.FAILED, "flow-matching/heun-20": AuditStatus.UNAUDITED}
        gates["audits"] = audits(found.get(name, AuditStatus.PASSED))
    return candidate(name, values, likelihood=kind, sampler=sampler, exhibits={"grid": grid(len(name))}, **gates)
