"""Format 1 of records, which had one task and was read leniently: what it leaves out is empty here too."""

import re
import signal
from collections.abc import Mapping
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.codec import decoded, encoded
from genbench.records.kinds import Axis, ControlKind, Scale
from genbench.records.record import FORMAT, Record
from genbench.records.score import MissingKind
from genbench.records.status import Status
from genbench.records.timing import quantiles

Json = Mapping[str, Any]
LARGEST = 1e30  # of a number in a record: sums of squares stay finite
TASK, AXES, EXHIBIT = "generate", ("quality", "coverage", "speed"), "grid"
COPIERS = ("copycat", "copycat-noise", "partial-copycat", "test-copycat")
CONTROLS = {
    "real-held-out": ControlKind.CEILING,
    "independent-pixels": ControlKind.FLOOR,
    **dict.fromkeys(COPIERS, ControlKind.COPY),
}  # every other one is a probe
SCALES = {
    **dict.fromkeys(("clipped-density", "clipped-coverage", "precision", "recall", "coverage"), Scale.SHARE),
    **dict.fromkeys(("fd", "mind"), Scale.DISTANCE),
}
GUARD = "fd"
GUARDED = (Axis.QUALITY.value, Axis.OVERALL.value)  # of these axes, what looks at features
SHOWN = {"floor": "real_floor", "n =": "real_floor_count"}
UNSTATED = "the record does not say how it ended"

_CRASH = re.compile(r"crashed\((?:(SIG\w+)|signal (\d{1,3}))\)")

# What a record is read as: a type, a list of one shape, a map from any text to one shape, or an object.
# A field that is missing or null reads as "", None, [], {}; a field that is not listed is not read.
_SCORE = {
    **dict.fromkeys(("value", "low", "high"), float),
    **dict.fromkeys(("title", "axis", "direction", "unit", "version", "extractor", "source", "reference"), str),
    "n": int,
    "details": {str: float},
}
_TEST = {"against": str, "test": str, "share": float, "control": float, "p": float, "flagged": bool}
_PAIR = {"sample": int, "against": str, "row": int, "distance": float}
_MEMORISATION = {
    **dict.fromkeys(("status", "reason", "pairs", "extractor"), str),
    "detectable": {str: float},
    "tests": [_TEST],
    "suspicious": [_PAIR],
}
_AUDIT = {"name": str, "status": str, "words": str, "value": object, "bound": object}
_TIMING = {
    **dict.fromkeys(("images", "memory"), int),
    **dict.fromkeys(("seconds", "nfe", "flops", "null_seconds", "warm_up_seconds"), float),
    "batches": [float],
    "latencies": [float],
}
_CANDIDATE = {
    **dict.fromkeys(("sampler", "name", "status", "phase", "reason", "log", "likelihood", "grid"), str),
    "exit_code": int,
    "elapsed": float,
    "scores": {str: _SCORE},
    "unavailable": {str: str},
    "evidence": {str: str},
    "timing": _TIMING,
    "memorisation": _MEMORISATION,
    "audits": {"status": str, "reason": str, "audits": [_AUDIT]},
}
_SUITE = {
    **dict.fromkeys(("name", "title", "dataset", "extractor"), str),
    **dict.fromkeys(("seeds", "images", "count", "batch", "threads"), int),
    **dict.fromkeys(("latency_seconds", "checkpoint_seconds"), float),
    "scores": [str],
    "axes": {str: str},
    "limits": {str: float},
    "caps": {str: float},
}
_DATASET = {
    **dict.fromkeys(("name", "sha256", "source", "license"), str),
    "rows": {str: int},
    "space": {"shape": [int], "levels": int, "classes": int},
}
_MODEL = {
    **dict.fromkeys(("name", "reference", "family", "source", "description"), str),
    **dict.fromkeys(("distribution", "version", "code"), str),
    "capabilities": [str],
    "pretrained_on": [str],
    "needs": [str],
    "settings": {str: object},
    "control": bool,
    "parameters": int,
}
_ENVIRONMENT = {
    **dict.fromkeys(("device", "device_name", "genbench", "python", "platform", "cpu_name", "isolation"), str),
    **dict.fromkeys(("torch", "numpy", "scipy", "safetensors", "cuda"), str),
    **dict.fromkeys(("threads", "cpus"), int),
    "tf32": bool,
}
_RECORD = {
    **dict.fromkeys(("protocol", "finished", "sha256"), str),
    "seed": int,
    "environment": _ENVIRONMENT,
    "suite": _SUITE,
    "dataset": _DATASET,
    "model": _MODEL,
    "stages": {str: {"status": str, "reason": str, "seconds": float, "exit_code": int}},
    "curve": [{str: float}],
    "candidates": [_CANDIDATE],
}


def upgraded(value: object) -> Record:
    """A record of format 1 as one of today.

    Raises:
        GenbenchError: a field of another type, a word or a number that its field cannot hold, or no protocol, seed or
            name.
    """
    found: Json = _fitted(value, _RECORD, "record")
    names = [found["protocol"], found["model"]["reference"], *(c["name"] for c in found["candidates"])]
    if found["seed"] is None or not all(names):
        raise GenbenchError(
            "a record has a protocol, a seed, and names for its model and candidates; got "
            f"seed {found['seed']}, {_quoted(names)}"
        )
    whole = {
        "format": FORMAT,
        **{name: found[name] for name in ("protocol", "seed", "finished", "sha256")},
        "suite": _suite(found["suite"]),
        "dataset": {**found["dataset"], "rows": _stated(found["dataset"]["rows"]), "space": _space(found["dataset"])},
        "model": _model(found["model"]),
        "machine": {**found["environment"], "cuda": found["environment"]["cuda"] or None},
        "stages": {name: _stage(stage) for name, stage in found["stages"].items() if stage["status"]},
        "candidates": [_candidate(candidate) for candidate in found["candidates"]],
        "curve": [_stated(point) for point in found["curve"]],
    }
    return decoded(Record, whole, "record")


def _suite(suite: Json) -> Json:
    known = {name: suite[name] for name in ("name", "title", "dataset", "extractor")}
    numbers = {name: suite[name] or 0 for name in ("images", "batch", "seeds")}
    optional = _stated({name: suite[name] for name in ("threads", "latency_seconds", "checkpoint_seconds")})
    tables = {name: _stated(suite[name]) for name in ("limits", "caps")}
    axes = {axis: suite["axes"].get(axis, "") for axis in AXES}
    terms = {"count": suite["count"] or 0, "scores": suite["scores"], "axes": axes}
    return {**known, **numbers, **optional, **tables, "tasks": {TASK: terms}}


def _space(dataset: Json) -> Json | None:
    space: Json = dataset["space"]
    return space if space["shape"] else None


def _model(model: Json) -> Json:
    kind = CONTROLS.get(model["name"] or model["reference"], ControlKind.PROBE).value if model["control"] else None
    settings = {key: "None" if setting is None else setting for key, setting in model["settings"].items()}
    return {**model, "family": model["family"] or None, "control": kind, "settings": settings}


def _stage(stage: Json) -> Json:
    return {
        **_ended(stage["status"], stage["exit_code"]),
        "reason": stage["reason"] or None,
        "seconds": stage["seconds"],
    }


def _ended(words: str, exit_code: int | None) -> Json:
    """Status and exit code of "crashed(SIGSEGV)", "crashed(signal 64)", "timeout" and their like."""
    crash = _CRASH.fullmatch(words)
    if not crash:
        return {"status": words, "exit_code": exit_code}
    number = signal.Signals[crash[1]].value if crash[1] in signal.Signals.__members__ else int(crash[2] or 0)
    return {"status": Status.CRASHED.value, "exit_code": -number or exit_code}


def _candidate(candidate: Json) -> Json:
    stated = bool(candidate["status"])
    ended = _ended(candidate["status"] or Status.NO_EVIDENCE.value, candidate["exit_code"])
    return {
        "task": TASK,
        **{name: candidate[name] for name in ("name", "sampler", "elapsed", "log", "evidence")},
        **ended,
        "stage": candidate["phase"] or None,
        "reason": candidate["reason"] or (None if stated else UNSTATED),
        "scores": {name: _score(name, s) for name, s in candidate["scores"].items() if s["value"] is not None},
        "missing": {name: _missing(words) for name, words in candidate["unavailable"].items()},
        "likelihood": candidate["likelihood"] or None,
        "timing": _timing(candidate["timing"]),
        "memorisation": _memorisation(candidate["memorisation"]),
        "audits": _audits(candidate["audits"]),
        "exhibits": {EXHIBIT: candidate["grid"]} if candidate["grid"] else {},
    }


def _score(name: str, score: Json) -> Json:
    metric, _, features = name.partition("@")
    speed = score["axis"] == Axis.SPEED.value
    details = _stated(score["details"])
    return {
        **score,
        "title": score["title"] or name,
        "details": details,
        "extractor": score["extractor"] or None,
        "reference": score["reference"] or None,
        "scale": (Scale.SPEED if speed else SCALES.get(metric, Scale.PLAIN)).value,
        "guard": GUARD if features and score["axis"] in GUARDED else "",
        "shown": {words: detail for words, detail in SHOWN.items() if detail in details},
    }


def _missing(words: str) -> Json:
    mark = f"{MissingKind.FAILED.value}: "
    kind = MissingKind.FAILED if words.startswith(mark) else MissingKind.NOT_APPLICABLE
    return {"kind": kind.value, "reason": words.removeprefix(mark)}


def _timing(timing: Json) -> Json | None:
    """The clock of a run; None where it does not say how much was drawn, and in what time."""
    if timing["images"] is None or timing["seconds"] is None:
        return None
    return {**_stated({**timing, "latencies": None}), "alone": encoded(quantiles(timing["latencies"]))}


def _memorisation(verdict: Json) -> Json | None:
    """What the gate says; None where it says nothing. A test without its shares found nothing."""
    if not verdict["status"]:
        return None
    optional = {name: verdict[name] or None for name in ("reason", "pairs", "extractor")}
    tests = [test for test in verdict["tests"] if None not in (test["share"], test["control"])]
    return {
        **verdict,
        **optional,
        "tests": tests,
        "suspicious": [p for p in verdict["suspicious"] if None not in p.values()],
    }


def _audits(verdict: Json) -> Json | None:
    """What the audits say; None where they say nothing. Their numbers may exceed any score: the words hold them too."""
    if not verdict["status"]:
        return None
    audits = [{**audit, **{end: _storable(audit[end]) for end in ("value", "bound")}} for audit in verdict["audits"]]
    return {"status": verdict["status"], "reason": verdict["reason"] or None, "audits": audits}


def _storable(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST
    return float(value) if known else None  # type: ignore[arg-type]  # a number


def _stated(values: Json) -> dict[str, Any]:
    """Those that are there."""
    return {name: value for name, value in values.items() if value is not None}


def _fitted(value: Any, shape: Any, where: str) -> Any:
    """A copy of `value` that has every field of `shape`, of the right type, and no other.

    Raises:
        GenbenchError: a value of another type, a number beyond ±1e30, NaN.
    """
    if isinstance(shape, list):
        items = _of_type([] if value is None else value, list, where)
        return [_fitted(item, shape[0], f"{where}[{i}]") for i, item in enumerate(items)]
    if isinstance(shape, dict):
        value = _of_type({} if value is None else value, dict, where)
        keys = {str(key): shape[str] for key in value} if str in shape else shape
        return {key: _fitted(value.get(key), kind, f"{where}.{key}"[:120]) for key, kind in keys.items()}
    if value is None:
        return "" if shape is str else False if shape is bool else None
    if shape is object:
        return value if isinstance(value, bool | int | float) else str(value)
    return _scalar(value, shape, where)


def _scalar(value: Any, kind: type, where: str) -> str | float | int | bool:
    value = _of_type(value, kind, where)
    if not isinstance(value, str) and not -LARGEST < value < LARGEST:  # also NaN
        raise GenbenchError(f"{_quoted(where)} is a finite number, got {_quoted(value)}")
    return kind(value)  # type: ignore[no-any-return]


def _of_type(value: Any, kind: type, where: str) -> Any:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise GenbenchError(f"{_quoted(where)} has type {kind.__name__}, got {_quoted(value)}")
    return value


def _quoted(value: object) -> str:
    """`value` as an error message quotes it: ASCII, at most 120 characters."""
    text = ascii(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
