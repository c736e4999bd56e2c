"""The store: a folder per trial, a folder per stage with a manifest. The file system is the only state.

A stage whose key and outputs verify is not run again. The key is made of the stage's own inputs alone.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from genbench.contracts.job import RESUME
from genbench.errors import GenbenchError
from genbench.files.atomic import regular_bytes, remove, sha256_of, too_deep
from genbench.files.plain import intact, read_json, sealed, write_json

MANIFEST = "manifest.json"
FORMAT = 2  # of keys and manifests: raising it makes every stage run again


@dataclass(frozen=True)
class Result:
    """How a stage ended, as its manifest keeps it.

    Args:
        status: "ok" or one of FAULTS' statuses.
        reason: one line of words, None where it is ok.
        seconds: wall time of the child process.
        own_seconds: the part of it inside the stage's own work, on the parent's clock.
        facts: what the stage reported.
        timing: what the parent's clock measured.
        outputs: file name → SHA-256.
        exit_code: of the child process; negative: the signal that ended it.
        reused: whether it was found finished rather than run now.
    """

    status: str
    reason: str | None
    seconds: float = 0.0
    own_seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    timing: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    reused: bool = False

    @property
    def ok(self) -> bool:
        """Whether the stage did its work."""
        return self.status == "ok"


class Damaged(Exception):
    """A stored file is not as it was written; its text is the file's name."""


class StageFolder:
    """The files of one stage of one trial."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def found(self, key: str) -> Result | None:
        """The result that lies here, if it was made from these inputs.

        Raises:
            Damaged: a file is not as it was written.
        """
        for folder in (self.path.parent, self.path):  # a neighbour may have locked its owner out
            with contextlib.suppress(OSError):
                folder.chmod(0o755)
        if not (self.path / MANIFEST).exists():
            return None
        try:
            manifest = read_json(self.path / MANIFEST)
            if "sha256" in manifest and not intact(manifest):
                raise Damaged(MANIFEST)
            if manifest.pop("sha256", None) is None or manifest.pop("key") != key:
                return None  # of another version, or of other inputs
            result = Result(**manifest, reused=True)
        except (GenbenchError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(MANIFEST) from error
        for name, sha in result.outputs.items():
            if self.missing((name,)) or sha256_of(self.path / name) != sha:
                raise Damaged(name)
        return result

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

    def keep(self, key: str, result: Result, outputs: tuple[str, ...]) -> Result:
        """Write the manifest, last of all files: from now on the result counts."""
        # A plugin may have left anything in their place, and folders that nobody else could remove.
        deep = [path for path in self.path.iterdir() if path.is_dir() and not path.is_symlink() and too_deep(path)]
        for path in (self.path / RESUME, self.path / MANIFEST, *deep):
            remove(path)
        hashes = {name: sha256_of(self.path / name) for name in outputs} if result.ok else {}
        fields = asdict(result) | {"outputs": hashes, "key": key}
        del fields["reused"]
        write_json(self.path / MANIFEST, sealed(fields))
        return Result(**{name: value for name, value in fields.items() if name != "key"})


def log_tail(path: Path, limit: int = 4000) -> str:
    """The last `limit` bytes of a log as text; what is not UTF-8 is replaced."""
    try:
        return regular_bytes(path, limit, last=True).decode(errors="replace")
    except OSError:
        return ""
