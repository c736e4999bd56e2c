"""The store: a folder per trial, a folder per stage with a manifest. The file system is the only state.

A stage whose key and outputs verify is not run again. The key is made of the stage's own inputs alone.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from genbench.contracts.job import RESUME
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import regular_bytes, remove, sha256_of, too_deep
from genbench.files.codec import Seconds
from genbench.files.plain import intact, read_json, sealed, write_json
from genbench.records.effort import Effort
from genbench.records.machine import Machine
from genbench.records.status import Status
from genbench.records.timing import Timing

MANIFEST = "manifest.json"
FORMAT = 5  # of keys and manifests: raising it makes every stage run again
F = TypeVar("F")


@dataclass(frozen=True)
class Result(Generic[F]):
    """How a stage ended."""

    status: Status
    """Whether it did its work, or what ended it."""
    reason: str | None = None
    """Why, in words; null where it is ok."""
    facts: F | None = None
    """What it reported; null where it is not ok."""
    seconds: Seconds = 0.0
    """Wall time of its process."""
    own_seconds: Seconds = 0.0
    """The part of it inside the stage's own work, on the parent's clock."""
    worked: Seconds = 0.0
    """Seconds of its timed section, those of an earlier process that was killed included."""
    timing: Timing | None = None
    """Of a scored run."""
    effort: Effort | None = None
    """What its processes took; null where it is not ok."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """File name → SHA-256."""
    committed: str = ""
    """What it drew or answered lap by lap, as a digest of its digests on the clock; "" where it is not held to that."""
    exit_code: int | None = None
    """Of its process; negative: the signal that ended it; null where there was none."""
    machine: Machine | None = None
    """The one that it ran on; null: the one that drove the run."""
    measured: str = ""
    """When it ran, UTC; "" where it did not."""
    reused: bool = False
    """Whether it was found finished rather than run now."""

    @property
    def ok(self) -> bool:
        """Whether the stage did its work."""
        return self.status is Status.OK


@dataclass(frozen=True)
class Manifest:
    """A result as its folder keeps it."""

    key: str
    """SHA-256 of the inputs that it was made from."""
    result: Result[Any]
    """With the JSON of its facts."""
    sha256: str = ""
    """Of all of this without itself."""


class Damaged(Exception):
    """A stored file is not as it was written; its text is the file's name."""


class StageFolder(Generic[F]):
    """The files of one stage of one trial.

    Args:
        path: its folder.
        facts: the dataclass of what it reports.
    """

    def __init__(self, path: Path, facts: type[F]) -> None:
        self.path, self._facts = path, facts

    def found(self, key: str) -> Result[F] | None:
        """The result that lies here, if it was made from these inputs.

        Raises:
            Damaged: a file is not as it was written.
        """
        for folder in (self.path.parent, self.path):  # a neighbour may have locked its owner out
            with contextlib.suppress(OSError):
                folder.chmod(0o755)
        kept = self._kept(key)
        for name, sha in kept.outputs.items() if kept is not None else ():
            if self.missing((name,)) or sha256_of(self.path / name) != sha:
                raise Damaged(name)
        return kept

    def told(self, key: str) -> Result[F] | None:
        """What the manifest says, if it is of these inputs; whether the files are as they were is not looked at."""
        try:
            return self._kept(key)
        except (Damaged, OSError):
            return None

    def _kept(self, key: str) -> Result[F] | None:
        """The result that the manifest holds, if it is of these inputs.

        Raises:
            Damaged: it is not as it was written.
        """
        if not (self.path / MANIFEST).exists():
            return None
        try:
            value = read_json(self.path / MANIFEST)
            if not isinstance(value, dict) or ("sha256" in value and not intact(value)):
                raise Damaged(MANIFEST)
            if "sha256" not in value or value.get("key") != key:
                return None  # of another version, or of other inputs
            kept = codec.decoded(Manifest, value, MANIFEST).result
            facts = None if kept.facts is None else codec.decoded(self._facts, kept.facts, "facts")
        except GenbenchError as error:
            raise Damaged(MANIFEST) from error
        return replace(kept, facts=facts, reused=True)

    def quarantine(self) -> Path:
        """Move what lies here out of the way, to be looked at; where it went."""
        place = self.path.with_name(f".damaged-{self.path.name}-{secrets.token_hex(4)}")
        os.rename(self.path, place)
        return place

    def empty(self, key: str) -> None:
        """Make the folder anew, without anything in it but what a killed stage of the same inputs can go on from."""
        resume = self.path / RESUME
        with contextlib.suppress(OSError):
            if not resume.is_symlink() and regular_bytes(resume / "key", len(key) + 1) == key.encode():
                for path in self.path.iterdir():
                    if path != resume:
                        remove(path)
                return
        remove(self.path)
        resume.mkdir(parents=True)
        (resume / "key").write_text(key)

    def missing(self, names: tuple[str, ...]) -> list[str]:
        """Those of `names` that are not here as regular files."""
        return [name for name in names if (self.path / name).is_symlink() or not (self.path / name).is_file()]

    def keep(self, key: str, result: Result[F], outputs: tuple[str, ...]) -> Result[F]:
        """Write the manifest, last of all files: from now on the result counts."""
        # A plugin may have left anything in their place, and folders that nobody else could remove.
        deep = [path for path in self.path.iterdir() if path.is_dir() and not path.is_symlink() and too_deep(path)]
        for path in (self.path / RESUME, self.path / MANIFEST, *deep):
            remove(path)
        hashes = {name: sha256_of(self.path / name) for name in outputs} if result.ok else {}
        kept = replace(result, outputs=hashes, measured=_now())
        manifest = Manifest(key, replace(kept, facts=codec.encoded(kept.facts)))
        write_json(self.path / MANIFEST, sealed(codec.encoded(manifest)))
        return kept


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def log_tail(path: Path, limit: int = 8000) -> str:
    """The last `limit` bytes of a log as text; what is not UTF-8 is replaced."""
    try:
        return regular_bytes(path, limit, last=True).decode(errors="replace")
    except OSError:
        return ""
