"""Bundles with one fault each: everything else is made consistent again, as a forger would."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from genbench.files.plain import sealed

RECORD, TRIAL = "records/plain.default.0.json", "evidence/plain.default.0"
SAMPLE = f"{TRIAL}/sample/default"
Value = dict[str, Any]


def value_of(path: Path) -> Value:
    """A JSON file."""
    return json.loads(path.read_text())


def listed(folder: Path) -> None:
    """Write the list of a bundle's files anew."""
    note = value_of(folder / "bundle.json")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "bundle.json")
    note["files"] = [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    ]
    (folder / "bundle.json").write_text(json.dumps(note))


def noted(folder: Path, change: Callable[[Value], None]) -> None:
    """Change what a bundle says of itself."""
    note = value_of(folder / "bundle.json")
    change(note)
    (folder / "bundle.json").write_text(json.dumps(note))


def recorded(folder: Path, change: Callable[[Value], None], path: str = RECORD, to: str = "") -> None:
    """Change a record and seal it again."""
    value = value_of(folder / path)
    change(value)
    text = json.dumps({**value, "sha256": ""}, indent=1) + "\n"
    value["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / (to or path)).write_text(json.dumps(value, indent=1) + "\n")
    listed(folder)


def drawn(folder: Path, x: np.ndarray) -> None:
    """Put other samples into a bundle, with every hash and digest that belongs to them."""
    file, manifest = folder / SAMPLE / "samples.safetensors", folder / SAMPLE / "manifest.json"
    arrays = safetensors.numpy.load_file(file)
    safetensors.numpy.save_file({**arrays, "x": x}, file)
    value = value_of(manifest)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    value["result"]["outputs"][file.name] = sha256
    timing = value["result"]["timing"]
    timing["digests"] = digests(x, timing["batch"])
    rows = folder / SAMPLE / "drawn.safetensors"
    safetensors.numpy.save_file({"x": x[:0]}, rows)
    value["result"]["outputs"][rows.name] = rows_sha = hashlib.sha256(rows.read_bytes()).hexdigest()
    value["result"]["committed"] = hashlib.sha256(b"").hexdigest()
    manifest.write_text(json.dumps(sealed(value)))

    def change(record: Value) -> None:
        (own,) = record["candidates"]
        own["evidence"] = {file.name: sha256, rows.name: rows_sha}
        own["timing"]["digests"] = timing["digests"]

    recorded(folder, change)


def timed(folder: Path, change: Callable[[Value], None]) -> None:
    """Change how a candidate was timed, in the manifest of its stage as in its record."""
    manifest = folder / SAMPLE / "manifest.json"
    value = value_of(manifest)
    change(value["result"]["timing"])
    manifest.write_text(json.dumps(sealed(value)))
    recorded(folder, lambda record: change(record["candidates"][0]["timing"]))


def digests(x: np.ndarray, size: int) -> list[str]:
    """What a process says on the clock that its batches are."""
    head = len(x) - (len(x) - 1) // size * size
    blocks = [x[start : start + size] for start in range(0, len(x), size)]
    return ["".join(_half(part) for part in (block[:head], block[head:])) for block in blocks]


def _half(rows: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(rows).data).hexdigest()[:32]
