"""Resume: what a long fit keeps beside it from time to time, so that a killed one goes on and ends with the same bytes.

Only tensors and plain values are kept, in safetensors; the name of each file holds the hash of its bytes.
"""

import contextlib
import hashlib
import json
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from genbench.contracts.training import Position, StateDict, Stateful
from genbench.errors import GenbenchError
from genbench.files.atomic import sha256_of, write_bytes

INTERVAL = 60.0  # seconds between two checkpoints
KEPT = 2  # checkpoints: should the newest be broken, there is one more


@dataclass(frozen=True)
class _Checkpoint:
    """What one file holds: the state of each part, where the fit was, the random generators."""

    parts: Mapping[str, StateDict]
    position: Position
    generators: StateDict


class FolderKeeper:
    """Keeps the state of a fit's parts in a folder.

    Args:
        folder: where; made when it is first needed.
        interval: seconds between two checkpoints.
    """

    def __init__(self, folder: Path, interval: float = INTERVAL) -> None:
        self._folder, self._interval = folder, interval
        self._parts: dict[str, Stateful] = {}
        self._last = time.monotonic()

    def register(self, parts: Mapping[str, Stateful]) -> Position | None:
        """Keep these from now on; where an earlier process kept the same, restore them and return its position."""
        self._parts = dict(parts)
        found = self._newest()
        if found is None:
            return None
        for name, part in self._parts.items():
            part.load_state_dict(found.parts[name])
        return found.position

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return bool(self._parts) and time.monotonic() - self._last >= self._interval

    def keep(self, position: Position) -> None:
        """Write a checkpoint of all parts, of the random generators and of the position, and drop the oldest.

        Raises:
            GenbenchError: a part holds something else than tensors and plain values.
        """
        tensors: dict[str, Tensor] = {}
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        state = _packed({"parts": parts, "position": vars(position), "generators": _generators()}, tensors)
        data = save(tensors, metadata={"state": json.dumps(state)})
        self._folder.mkdir(exist_ok=True)
        name = f"{position.seen:015d}-{hashlib.sha256(data).hexdigest()[:16]}.safetensors"
        write_bytes(self._folder / name, data)
        for path in self._files()[KEPT:]:
            path.unlink()
        self._last = time.monotonic()

    def restore_generators(self) -> None:
        """Put the random generators to where they were at the newest checkpoint."""
        found = self._newest()
        if found is not None:
            _set_generators(found.generators)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.safetensors"), reverse=True)

    def _newest(self) -> _Checkpoint | None:
        """The newest checkpoint that is whole and holds these parts."""
        for path in self._files():
            with contextlib.suppress(SafetensorError, OSError, ValueError, KeyError, TypeError):
                if sha256_of(path)[:16] != path.stem.rpartition("-")[2]:
                    continue
                found = _read(path)
                if found.parts.keys() == self._parts.keys():
                    return found
        return None


def _read(path: Path) -> _Checkpoint:
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        state = _unpacked(json.loads(file.metadata()["state"]), tensors)
    return _Checkpoint(state["parts"], Position(**state["position"]), state["generators"])


def _generators() -> StateDict:
    """The state of torch's, NumPy's and Python's default random generators."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    words = torch.from_numpy(np.asarray(keys, np.int64))
    return {"torch": torch.get_rng_state(), "cuda": cuda, "numpy": (kind, words, *rest), "python": random.getstate()}


def _set_generators(state: Mapping[str, Any]) -> None:
    """Put the default random generators into a state that `_generators` gave."""
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, words, *rest = state["numpy"]
    np.random.set_state((kind, words.numpy().astype(np.uint32), *rest))
    random.setstate(state["python"])


def _packed(value: Any, tensors: dict[str, Tensor]) -> Any:
    """A nested state as JSON; its tensors go to `tensors`, and their names stand in their places."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(key, tensors), _packed(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_packed(item, tensors) for item in value]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or type(value) in (bool, int, float, str):
        return {"value": value}
    raise GenbenchError(f"a checkpoint keeps tensors and plain values, got {type(value).__name__}")


def _unpacked(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_unpacked(key, tensors): _unpacked(item, tensors) for key, item in content}
    if kind == "float":
        return float(content)
    items = [_unpacked(item, tensors) for item in content] if kind in ("list", "tuple") else content
    return tuple(items) if kind == "tuple" else items
