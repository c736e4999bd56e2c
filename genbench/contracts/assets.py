"""External assets: files that a pretrained model needs and declares instead of copying them into every trial."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError, Unavailable
from genbench.files.atomic import cache_folder, cache_path, sha256_of, unique_beside

SECURE = "https://"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Asset:
    """A file or a folder outside the trial: where it is, what its bytes are, what it was trained on.

    Raises:
        ValueError: its location or its hash is of another form.
    """

    location: str
    """An absolute path, or an https URL of a file that `genbench run` fetches once into the cache."""
    sha256: str
    """Of the file, or of a folder's files and their names as `content_sha256` has it; part of the trial's identity."""
    trained_on: str
    """What the board shows as "pretrained on …"."""

    def __post_init__(self) -> None:
        location = self.location if isinstance(self.location, str) else ""  # a plugin's author wrote it
        if not (location.startswith(SECURE) or Path(location).is_absolute()):
            raise ValueError(f"an asset lies at an absolute path or an https URL, got {self.location!r}")
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"the sha256 of an asset has 64 digits of 0-9 and a-f, got {self.sha256!r}")

    @property
    def path(self) -> Path:
        """Where the file lies, or will lie once it is fetched."""
        if self.location.startswith(SECURE):
            return cache_path("assets") / self.sha256
        return Path(self.location)

    def verified(self) -> Path:
        """The path, the bytes checked.

        Raises:
            GenbenchError: it is missing, or is not the declared one.
        """
        folder = self.path.is_dir() and not self.location.startswith(SECURE)
        if not folder and not self.path.is_file():
            raise GenbenchError(f"asset {self.location} is not at {self.path}: put it there, or run with a network")
        self._check(self.path)
        return self.path

    def fetched(self) -> Path:
        """The verified file, downloaded first where its location is a URL and the cache lacks it."""
        import http.client  # here, since they take long to import, and few need them
        import urllib.request

        if self.location.startswith(SECURE) and not self.path.is_file():
            partial = unique_beside(cache_folder("assets") / self.sha256)
            try:
                with urllib.request.urlopen(self.location, timeout=60) as reply, partial.open("wb") as out:
                    while block := reply.read(1 << 20):
                        out.write(block)
                self._check(partial)
                os.replace(partial, self.path)
            except (OSError, http.client.HTTPException) as error:
                raise GenbenchError(
                    f"asset {self.location} could not be fetched ({error}); put the file at {self.path}"
                ) from error
            finally:
                partial.unlink(missing_ok=True)
        return self.verified()

    def _check(self, path: Path) -> None:
        found = content_sha256(path)
        if found != self.sha256:
            raise GenbenchError(f"asset {self.location} has sha256 {found}, its declaration says {self.sha256}")


def content_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, over the names below it and the SHA-256 of each file, sorted.

    Raises:
        GenbenchError: the folder holds a link that leads out of it, which a confined plugin could not follow.
    """
    if not path.is_dir():
        return sha256_of(path)
    state, root = hashlib.sha256(), path.resolve()
    for file in sorted(found for found in root.rglob("*") if not found.is_dir()):
        if not file.resolve().is_relative_to(root):
            raise GenbenchError(
                f"asset {path} holds a link out of it, {file.relative_to(root)}; put the file in its place"
            )
        state.update(f"{file.relative_to(root).as_posix()}\0{sha256_of(file)}\n".encode())
    return state.hexdigest()


OPTION = "--extractor-weights"


@dataclass(frozen=True)
class Weights(Asset):
    """A published weights file: an asset that other tools of this machine may have fetched already."""

    file: str
    """Its name in torch's cache."""
    license: str
    """Of the weights."""

    def found(self, extractor: str) -> Path:
        """Where the file lies, in genbench's cache or in torch's, its bytes checked. Nothing is downloaded.

        Raises:
            Unavailable: it is in neither; says how to get it.
            GenbenchError: it is another file.
        """
        for path in (self.path, torch_cache() / self.file):
            if path.is_file():
                sha256 = sha256_of(path)
                if sha256 != self.sha256:
                    raise GenbenchError(
                        f"{path} has sha256 {sha256}, the weights of {extractor} have {self.sha256}; remove it, "
                        f"or name it by {OPTION} {extractor}={path} if that is what you want"
                    )
                return path
        raise Unavailable(
            f"the weights of extractor {extractor} are not on this machine; genbench prepare {extractor} "
            f"downloads {self.file}, or {OPTION} {extractor}=FILE names a copy"
        )


def torch_cache() -> Path:
    """The folder where torch.hub, and thereby torch-fidelity, keeps weights."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    place = os.path.expanduser(os.environ.get("TORCH_HOME") or f"{cache}/torch")  # as it is, where nobody has a home
    return Path(place) / "hub" / "checkpoints"
