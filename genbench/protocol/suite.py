"""Suite: the protocol of a board, in one TOML file. Whatever changes a number stands in it."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from genbench.contracts.job import Caps
from genbench.contracts.settings import NAME
from genbench.errors import GenbenchError

CAPS = {"memory_gib": 8.0, "device_memory_gib": 16.0, "disk_gib": 4.0, "log_mib": 16.0}
AXES = ("quality", "coverage", "speed")
STAGES = ("fit", "sample", "audit", "density", "score")


@dataclass(frozen=True)
class Suite:
    """The fixed protocol under which candidates are compared.

    Args:
        name, title: the board's.
        dataset: NAME or NAME:ARGUMENT.
        images: training budget: how many training images, repeats included, a fit may see.
        count: samples drawn for each candidate.
        batch: samples per call of `sample`, and of `log_prob`.
        seeds: training seeds per model: 0, 1, …
        threads: of each child process; the bytes that come out depend on it.
        extractor: of the scores that name none.
        scores: score names in column order; `metric` or `metric@extractor`.
        axes: the scores that stand for quality, coverage and speed.
        latency_seconds: how long calls with batch 1 are timed, for the first seed.
        limits: wall seconds of each stage, after which a trial has failed.
        checkpoint_seconds: how often a fit keeps what a killed one goes on from, where the model offers it.
        caps: memory_gib of a stage's process tree, device_memory_gib that torch may take of a GPU for it, disk_gib of
            its folder, log_mib of its output.
        python: model plugin → the interpreter of the environment of its own that it is installed in.
        typical: seconds of each stage as measured once on two CPU cores: for estimates before there are any others.
        quick: what `--quick` changes.
    """

    name: str
    title: str
    dataset: str
    images: int
    count: int
    batch: int
    seeds: int
    extractor: str
    scores: tuple[str, ...]
    axes: Mapping[str, str]
    threads: int = 1
    latency_seconds: float = 5.0
    checkpoint_seconds: float = 60.0
    limits: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 3600.0))
    caps: Mapping[str, float] = field(default_factory=lambda: dict(CAPS))
    typical: Mapping[str, float] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    python: Mapping[str, str] = field(default_factory=dict)

    def quickened(self) -> "Suite":
        """The suite that `--quick` runs: a protocol of its own, with a name of its own.

        Raises:
            GenbenchError: the suite declares no quick form.
        """
        if not self.quick:
            raise GenbenchError(f"suite {self.name} has no [quick] table, so there is no --quick form of it")
        share = self.quick.get("images", self.images) / self.images
        typical = {stage: value * (share if stage == "fit" else 1) for stage, value in self.typical.items()}
        told = {"name": f"{self.name}-quick", "title": f"{self.title} (quick look)", "typical": typical, "quick": {}}
        return replace(self, **(told | dict(self.quick)))

    def limited(self, texts: Iterable[str]) -> "Suite":
        """The suite with limits and caps that `--limit NAME=VALUE` sets; they change no number.

        Raises:
            GenbenchError: an unknown name, or no positive number.
        """
        limits, caps = dict(self.limits), dict(self.caps)
        for text in texts:
            name, _, value = text.partition("=")
            table = limits if name in limits else caps
            if name not in table:
                raise GenbenchError(
                    f"--limit takes NAME=VALUE with a name of {', '.join([*limits, *caps])}, got {text!r}"
                )
            try:
                table[name] = float(value)
            except ValueError:
                table[name] = math.nan
            if not 0 < table[name] < math.inf:
                raise GenbenchError(f"--limit {name} takes a positive number, got {value!r}")
        return replace(self, limits=limits, caps=caps)

    @property
    def job_caps(self) -> Caps:
        """The caps in bytes."""
        gib, mib = 2**30, 2**20
        return Caps(
            memory=int(self.caps["memory_gib"] * gib),
            disk=int(self.caps["disk_gib"] * gib),
            log=int(self.caps["log_mib"] * mib),
            device_memory=int(self.caps["device_memory_gib"] * gib),
        )

    def protocol(self, dataset_sha256: str) -> dict[str, Any]:
        """What makes two numbers comparable: the data, the budget, the sample count and the batch."""
        return {"dataset": dataset_sha256, "images": self.images, "count": self.count, "batch": self.batch}

    def to_json(self) -> dict[str, Any]:
        """The suite as plain JSON, as records carry it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "dataset": str,
    "extractor": str,
    "images": int,
    "count": int,
    "batch": int,
    "seeds": int,
    "threads": int,
    "scores": list,
    "axes": dict,
    "limits": dict,
    "caps": dict,
    "typical": dict,
    "quick": dict,
    "python": dict,
    "latency_seconds": (int, float),
    "checkpoint_seconds": (int, float),
}
_QUICK = ("images", "seeds", "latency_seconds")


def read(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        GenbenchError: not there, not TOML, an unknown or missing key, a value of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GenbenchError(f"suite {path}: {error}") from error
    known = {f.name for f in fields(Suite)}
    _refuse(path, set(values) - known, "key", known)
    missing = {"name", "dataset", "images", "count", "batch", "seeds", "extractor", "scores", "axes"} - set(values)
    if missing:
        raise GenbenchError(f"suite {path}: missing {', '.join(sorted(missing))}")
    for key, value in values.items():
        _check_value(path, key, value)
    _check_tables(path, values)
    values["limits"] = dict.fromkeys(STAGES, 3600.0) | values.get("limits", {})
    values["caps"] = CAPS | values.get("caps", {})
    values["python"] = {name: str(path.parent / place) for name, place in values.get("python", {}).items()}
    return Suite(**(values | {"title": values.get("title", values["name"]), "scores": tuple(values["scores"])}))


def _refuse(path: Path, found: set[str], what: str, known: object) -> None:
    if found:
        names = ", ".join(sorted(map(str, known)))  # type: ignore[call-overload]
        raise GenbenchError(f"suite {path}: unknown {what} {', '.join(sorted(found))} (known: {names})")


def _check_value(path: Path, key: str, value: object) -> None:
    wanted = _TYPES[key]
    if not isinstance(value, wanted) or isinstance(value, bool):
        kind = wanted.__name__ if isinstance(wanted, type) else "number"
        raise GenbenchError(f"suite {path}: {key} is a {kind}, got {value!r}")
    if isinstance(value, int | float) and not (0 if key.endswith("_seconds") else 1) <= value < math.inf:
        raise GenbenchError(f"suite {path}: {key} is positive, got {value}")
    if key == "name" and not NAME.fullmatch(str(value)):
        raise GenbenchError(f"suite {path}: name matches [a-z0-9][a-z0-9._-]*, got {value!r}")


def _check_tables(path: Path, values: Mapping[str, Any]) -> None:
    if set(values["axes"]) != set(AXES):
        raise GenbenchError(f"suite {path}: [axes] sets {', '.join(AXES)}, got {', '.join(sorted(values['axes']))}")
    for axis, score in values["axes"].items():
        if not isinstance(score, str):
            raise GenbenchError(f"suite {path}: [axes] {axis} is the name of a score, got {score!r}")
    for table, what, known in (("limits", "stage", STAGES), ("typical", "stage", STAGES), ("caps", "cap", CAPS)):
        _refuse(path, set(values.get(table, {})) - set(known), f"{what} in [{table}]", known)
        for name, value in values.get(table, {}).items():
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
                raise GenbenchError(f"suite {path}: [{table}] {name} is a positive number, got {value!r}")
    for name, place in values.get("python", {}).items():
        if not isinstance(place, str):
            raise GenbenchError(f"suite {path}: [python] {name} is the path of an interpreter, got {place!r}")
    _refuse(path, set(values.get("quick", {})) - set(_QUICK), "key in [quick]", _QUICK)
    for key, value in values.get("quick", {}).items():
        _check_value(path, key, value)
    if not values["scores"] or not all(isinstance(score, str) for score in values["scores"]):
        raise GenbenchError(f"suite {path}: scores is a list of score names, got {values['scores']!r}")
