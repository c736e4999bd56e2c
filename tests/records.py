"""Synthetic records, as the harness writes them: what the tests of boards and sites are made of."""

import base64
import copy
import functools
import io
import itertools
from typing import Any

import numpy as np
from PIL import Image

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

_COLUMNS: dict[str, tuple[str, str, str, str]] = {  # name: title, axis, direction, unit
    "fd@digits-net": ("FD", "overall", "lower", ""),
    "clipped-density@digits-net": ("Clipped density", "quality", "higher", ""),
    "clipped-coverage@digits-net": ("Clipped coverage", "coverage", "higher", ""),
    "bits-per-dim": ("bits/dim", "density", "lower", "bits"),
    "throughput": ("Throughput", "speed", "higher", "images/s"),
    "fit-time": ("Fit time", "cost", "lower", "s"),
}
_DETAILS = {"fd@digits-net": {"real_floor": 2.1, "real_floor_count": 299.0, "bias_corrected": 11.0}}
AXES = {"quality": "clipped-density@digits-net", "coverage": "clipped-coverage@digits-net", "speed": "throughput"}


def score(name: str, value: float, **changes: Any) -> dict[str, Any]:
    """One score of a candidate; `changes` replace its fields."""
    title, axis, direction, unit = _COLUMNS[name]
    extractor = "digits-net/1/0123456789abcdef" if "@" in name else None
    source = f"A paper on {title} 2026, https://example.org/{name.partition('@')[0]}"
    declared = {"title": title, "axis": axis, "direction": direction, "unit": unit, "version": "1",
                "extractor": extractor, "source": source}  # fmt: skip
    return {"value": value, "low": None, "high": None, "details": {}, **declared, **changes}


def candidate(name: str, values: dict[str, float] | None = None, **changes: Any) -> dict[str, Any]:
    """A candidate with these scores; without any it failed."""
    ok, values = bool(values), values or {}
    return {
        "sampler": "default",
        "name": name,
        "status": "ok" if ok else "error",
        "phase": None if ok else "sample",
        "reason": None if ok else "RuntimeError: boom",
        "elapsed": 3.2,
        "log": "" if ok else "Traceback: boom\n",
        "scores": {column: score(column, value, details=_DETAILS.get(column, {})) for column, value in values.items()},
        "unavailable": {column: "no density" for column in _COLUMNS if ok and column not in values},
        "likelihood": "lower bound" if "bits-per-dim" in values else None,
        "evidence": {"samples": "ab" * 32},
        "timing": {"images": 599, "seconds": 1.5},
        "memorisation": memorisation() if ok else None,
        "audits": audits() if "bits-per-dim" in values else None,
        "grid": grid() if ok else None,
        **changes,
    }


def memorisation(status: str = "clear", **changes: Any) -> dict[str, Any]:
    """What the memorisation gate says of a candidate: by default that nothing was copied."""
    flagged, share = status == "flagged", {"clear": 0.012, "flagged": 0.98}.get(status)
    found = {"share": share, "control": 0.01, "p": 1e-9 if flagged else 0.4}
    tests = [{"against": against, "test": test, "flagged": flagged and against == "train", **found}
             for against in ("train", "test") for test in ("tail", "one-third")]  # fmt: skip
    reasons = {"flagged": "tail test against training data: 98.0% of the samples, 1.0% of fresh real data, p = 1e-09",
               "unavailable": "needs at least two distinct rows of real data"}  # fmt: skip
    return {
        "status": status,
        "reason": reasons.get(status),
        "tests": [] if share is None else tests,
        "detectable": {"train": 0.041, "test": 0.043},
        "suspicious": [{"sample": 7, "against": "train", "row": 12, "distance": 0.25}],
        "pairs": None if share is None else grid(3, columns=4),
        "extractor": "digits-net/1/0123456789abcdef",
        **changes,
    }  # fmt: skip


def audits(status: str = "passed", **changes: Any) -> dict[str, Any]:
    """What the audits say of a density: by default that it is one."""
    sums = {"passed": ("passed", 1.0), "failed": ("failed", 3.2), "unaudited": ("skipped", None)}
    found, value = sums[status]
    words = "the 256 states of 1×2×2 with 4 levels sum to " + str(value) if value else "fits no tiny space"
    return {
        "status": status,
        "reason": None if status == "passed" else f"exhaustive-sum: {words}",
        "audits": [
            {"name": "exhaustive-sum", "status": found, "value": value, "bound": 1.001, "words": words},
            {
                "name": "noise-floor",
                "status": "passed",
                "value": 4.4,
                "bound": 4.09,
                "words": "uniform noise costs 4.4",
            },
        ],
        **changes,
    }


VALUES = {"fd@digits-net": 20.0, AXES["quality"]: 0.5, AXES["coverage"]: 0.6, "throughput": 1000.0, "fit-time": 40.0}
SUITE = {"name": "digits", "title": "Handwritten digits, 8×8", "seeds": 3, "images": 300_000, "count": 599,
         "batch": 100, "extractor": "digits-net", "scores": list(_COLUMNS), "axes": dict(AXES)}  # fmt: skip
DATASET = {"name": "digits", "sha256": "d1" * 32, "license": "CC BY 4.0",
           "source": "Alpaydin and Kaynak 1998, https://archive.ics.uci.edu/dataset/80",
           "space": {"shape": [1, 8, 8], "levels": 17, "classes": 10},
           "rows": {"train": 599, "valid": 599, "test": 599}}  # fmt: skip
MODEL = {"family": "vae", "source": "Kingma and Welling 2013, https://arxiv.org/abs/1312.6114",
         "description": "A model.", "version": "0.1.0", "code": "abcd" * 16, "capabilities": ["density"],
         "settings": {"hidden": 256}, "control": False, "parameters": 123_456, "pretrained_on": []}  # fmt: skip
ENVIRONMENT = {"python": "3.11.7", "torch": "2.15.0", "device": "cpu", "device_name": "AMD EPYC", "threads": 1,
               "cpus": 2, "platform": "Linux", "genbench": "0.1.0"}  # fmt: skip


def record(
    name: str = "vae",
    seed: int = 0,
    *,
    candidates: list[dict[str, Any]] | None = None,
    model: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The record of one trial; `model` changes its model's fields, `changes` replace whole parts."""
    return copy.deepcopy({
        "format": 1,
        "protocol": "c0ffee" * 10 + "0000",
        "suite": SUITE,
        "dataset": DATASET,
        "model": {"name": name, "reference": name, "distribution": f"genbench-{name}", **MODEL, **(model or {})},
        "seed": seed,
        "environment": ENVIRONMENT,
        "stages": {"fit": {"status": "ok", "reason": None, "seconds": 40.1}},
        "curve": [{"images": 1000 * i, "seconds": 0.1 * i, "loss": 3.0 / i + 0.01 * seed} for i in range(1, 80)],
        "candidates": [candidate(name, VALUES)] if candidates is None else candidates,
        "finished": "2026-11-21T03:00:00Z",
        **changes,
    })  # fmt: skip


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
    ("gan", "gan", 24.1, 0.83, 0.58, None, None, 41_000.0, 38.0),
    ("vae", "vae", 62.4, 0.41, 0.62, 2.71, "lower bound", 36_000.0, 21.0),
    ("flow", "flow", 48.9, 0.47, 0.79, 2.12, "lower bound", 8_200.0, 95.0),
    ("pixelcnn", "autoregressive", 21.7, 0.80, 0.86, 1.74, "exact", 61.0, 120.0),
    ("ddpm[steps=200]/ddpm", "diffusion", 14.2, 0.90, 0.93, 1.98, "lower bound", 92.0, 140.0),
    ("ddpm[steps=200]/ddim-25", "diffusion", 17.9, 0.88, 0.90, None, None, 740.0, 140.0),
    ("ddpm[steps=200]/ddim-5", "diffusion", 39.3, 0.66, 0.81, None, None, 3_600.0, 140.0),
    ("flow-matching/heun-20", "diffusion", 18.8, 0.87, 0.915, 1.91, "estimate", 690.0, 133.0),
    ("ebm", "energy", 88.0, 0.37, 0.44, None, None, 55.0, 260.0),
    ("ddgan", "hybrid", 19.6, 0.85, 0.84, None, None, 9_800.0, 180.0),
    ("gaussian", "baseline", 131.0, 0.11, 0.35, 2.95, "lower bound", 210_000.0, 0.1),
    ("replay", "baseline", 10.4, 0.98, 0.969, None, None, 2.1e6, 0.2),
]
_CONTROLS = [
    ("real-held-out", 9.1, 0.99, 0.985, None, None, 3.1e6, 0.01),
    ("independent-pixels", 412.0, 0.004, 0.03, 3.31, "exact", 520_000.0, 0.05),
    ("copycat", 10.3, 0.985, 0.97, None, None, 2.9e6, 0.01),
]


def board_records(seeds: int = 3) -> list[dict[str, Any]]:
    """A full board: eleven candidates, one that copies, one that fails, one that fails once, and three controls."""
    records = [_trial(seed, False, list(rows)) for seed in range(seeds) for rows in _by_model(_FIELD)]
    records += [_trial(seed, True, [(name, "control", *rest)]) for seed in range(seeds) for name, *rest in _CONTROLS]
    log = "epoch 3\n\x1b[31mTraceback (most recent call last):\x1b[0m\nRuntimeError: loss is not finite\n"
    failed = candidate("vqvae", None, phase="fit", reason="RuntimeError: loss is not finite", log=log)
    records += [record("vqvae", seed, candidates=[failed], curve=[]) for seed in range(seeds)]
    late = candidate("ebm", None, status="timeout", phase="sample", reason="limit of 600 s", elapsed=600.4)
    return [{**r, "candidates": [late]} if (r["model"]["name"], r["seed"]) == ("ebm", 1) else r for r in records]


def _by_model(rows: list[Any]) -> list[Any]:
    return [list(own) for _, own in itertools.groupby(rows, key=lambda row: row[0].partition("/")[0])]


def _trial(seed: int, control: bool, rows: list[Any]) -> dict[str, Any]:
    reference, family = rows[0][0].partition("/")[0], rows[0][1]
    own = [_scored(seed, name, numbers) for name, _, *numbers in rows]
    model = {"family": family, "reference": reference, "control": control}
    return record(reference.partition("[")[0], seed, candidates=own, model=model)


def _scored(seed: int, name: str, numbers: list[Any]) -> dict[str, Any]:
    rng = np.random.default_rng([seed, *name.encode()])
    fd, quality, coverage, bits, kind, speed, fit = numbers
    means = {"fd@digits-net": (fd, 0.03), AXES["quality"]: (quality, 0.008), AXES["coverage"]: (coverage, 0.01),
             "throughput": (speed, 0.02), "fit-time": (fit, 0.02)}  # fmt: skip
    if bits:
        means["bits-per-dim"] = bits, 0.002
    values = {column: float(mean * rng.normal(1, noise)) for column, (mean, noise) in means.items()}
    sampler = name.partition("/")[2] or "default"
    gates = {"memorisation": memorisation("flagged" if name in ("replay", "copycat") else "clear")}
    if bits:
        gates["audits"] = audits({"flow": "failed", "flow-matching/heun-20": "unaudited"}.get(name, "passed"))
    return candidate(name, values, likelihood=kind, sampler=sampler, grid=grid(len(name)), **gates)
