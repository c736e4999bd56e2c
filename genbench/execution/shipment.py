"""Shipment: a job for a machine that does not see the driver's folders, with the files that it needs, by their content.

There the driver's folders lie in a place of their own, and keep their shape: each path that a job names is rewritten on
its way, and back in what comes of it. A file's content crosses once, however many jobs of a run name it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from genbench.contracts.job import CALL, RESUME, Call, Job
from genbench.errors import GenbenchError
from genbench.execution.job_file import Outcomes, outcomes_file, progress_file
from genbench.files import codec
from genbench.files.atomic import DEEPEST, below, regular_bytes, remove, sha256_of, unique_beside, write_bytes

CONTENT = "content"  # of a machine's place: each file by its SHA-256
NAME = 16  # digits of a digest that names a folder

Fetch = Callable[[str], bytes]  # SHA-256 → the bytes


@dataclass(frozen=True)
class Packed:
    """A file that a job needs."""

    path: str
    """Where it lies for the driver."""
    sha256: str
    """Of its bytes."""


@dataclass(frozen=True)
class Shipment:
    """A job file with all that a machine needs to carry it out."""

    job: str
    """Where the file lies for the driver."""
    text: str
    """What is in it."""
    terms: tuple[str, str]
    """Where the run's terms lie for the driver, and what is in their file."""
    roots: tuple[str, ...]
    """The driver's folders, and single files, that lie elsewhere on another machine."""
    files: tuple[Packed, ...]
    """What the job needs beside what is installed."""

    @property
    def seen(self) -> bool:
        """Whether this machine sees the very files of the driver: what lies there may be somebody's old copy."""
        try:
            own = Path(self.job).read_text(encoding="utf-8") == self.text
            return own and all(sha256_of(Path(file.path)) == file.sha256 for file in self.files)
        except (OSError, ValueError):
            return False

    def places(self, home: Path) -> Mapping[str, str]:
        """Where the roots lie on a machine whose place is `home`."""
        return {root: str(home / sha256(_bytes(root)).hexdigest()[:NAME] / Path(root).name) for root in self.roots}


@dataclass(frozen=True)
class Delivery:
    """What came of a job on a machine that the driver's folders are not on."""

    outcomes: Outcomes
    """With the driver's paths."""
    files: tuple[tuple[str, str, bytes], ...]
    """Of each file that the calls left: its path as the driver has it, SHA-256 and bytes."""


def shipment(file: Path, job: Job, terms: Path, roots: tuple[Path, ...], hashed: Callable[[Path], str]) -> Shipment:
    """A job, packed.

    Args:
        file: the job's.
        terms: the file of the run's terms.
        roots: folders that belong to this machine.
        hashed: gives a file's SHA-256.
    """
    needed = [place for call in job.calls for place in _needed(call)]
    apart = tuple(place for place in needed if not any(Path(place).is_relative_to(root) for root in roots))
    found = [path for place in dict.fromkeys(needed) for path in _files(Path(place))]
    files = tuple(Packed(str(path), hashed(path)) for path in found)
    text, held = (path.read_text(encoding="utf-8") for path in (file, terms))
    return Shipment(str(file), text, (str(terms), held), (*map(str, roots), *apart), files)


def unpacked(sent: Shipment, home: Path, fetch: Fetch) -> tuple[Path, Path]:
    """Lay a job and its files down on this machine.

    Args:
        home: this machine's place for the run.
        fetch: gives what this machine does not have yet.
    Returns:
        The job's file and that of the terms.
    Raises:
        GenbenchError: something else arrived than was sent.
    """
    places, content = sent.places(home), home / CONTENT
    home.parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)  # what is held back from plugins is held back from other users, too
    content.mkdir(exist_ok=True)
    os.utime(home)  # it is of use
    job = codec.decoded(Job, _rewritten(json.loads(sent.text), lambda text: _moved(text, places)), "job")
    path = Path(_moved(sent.job, places))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in (outcomes_file(path), progress_file(path), *(call.folder for call in job.calls)):
        remove(left)
    for call in job.calls:
        call.folder.mkdir(parents=True)
    for file in sent.files:
        if not (content / file.sha256).exists():
            _keep(content, file.sha256, fetch(file.sha256))
        place = Path(_moved(file.path, places))
        _lay(content / file.sha256, place, own=any(place.is_relative_to(call.folder) for call in job.calls))
    terms = Path(_moved(sent.terms[0], places))
    write_bytes(terms, sent.terms[1].encode())
    codec.write(path, replace(job, calls=tuple(_hiding(call, home) for call in job.calls)))
    return path, terms


def collected(sent: Shipment, home: Path) -> Delivery:
    """What an unpacked job left on this machine, which keeps none of it but content that later jobs may name."""
    places = sent.places(home)
    file = Path(_moved(sent.job, places))
    back = {place: root for root, place in places.items()}
    found: list[tuple[str, str, bytes]] = []
    for call in codec.read(Job, file).calls:
        for path in _left(call.folder):
            try:
                data = regular_bytes(path, call.caps.disk)
            except OSError:  # a plugin closed it: it is missing, as it would be for a driver that sees the folder
                continue
            digest = sha256(data).hexdigest()
            _keep(home / CONTENT, digest, data)
            found.append((_moved(str(path), back), digest, data))
        remove(call.folder)
    outcomes = _rewritten(codec.encoded(codec.read(Outcomes, outcomes_file(file))), lambda text: _told(text, back))
    return Delivery(codec.decoded(Outcomes, outcomes, "outcomes"), tuple(found))


def delivered(came: Delivery, file: Path, job: Job) -> None:
    """Lay down what came of a job where it would lie had its machine seen the driver's folders.

    Raises:
        GenbenchError: a file is not what its machine said, or lies outside of the job's folders.
    """
    for path, digest, data in came.files:
        place = Path(path)
        own = any(place.is_relative_to(call.folder) and ".." not in place.parts for call in job.calls)
        if not own or sha256(data).hexdigest() != digest:
            raise GenbenchError(f"{job.name}: {path} arrived other than its node sent it")
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, data)
    codec.write(outcomes_file(file), came.outcomes)


def _needed(call: Call) -> Iterator[str]:
    """What a call opens beside what is installed: what its inputs name, and what an earlier attempt left for it."""
    yield from call.reads
    if call.telling is not None:
        yield str(call.telling.file)
    yield str(call.folder / RESUME)


def _files(place: Path) -> Iterator[Path]:
    """The regular files at a place: itself, or all below it; what is not there is left out."""
    if not place.is_dir():
        yield from [place] if place.is_file() else []
    else:
        yield from (Path(entry.path) for entry, _ in below(place) if entry.is_file(follow_symlinks=False))


def _left(folder: Path) -> list[Path]:
    """What a call left that anybody reads; nothing lies so deep."""
    found = [Path(own.path) for own, depth in below(folder) if depth <= DEEPEST and own.is_file(follow_symlinks=False)]
    return [path for path in found if path != folder / CALL and not path.is_relative_to(folder / RESUME)]


def _hiding(call: Call, home: Path) -> Call:
    """A call that finds nothing in a machine's place but what it names."""
    own = call.confinement
    return call if own is None else replace(call, confinement=replace(own, hides=(*own.hides, str(home))))


def _keep(content: Path, digest: str, data: bytes) -> None:
    if sha256(data).hexdigest() != digest:
        raise GenbenchError("a file arrived other than its driver sent it")
    if not (content / digest).exists():
        write_bytes(content / digest, data)


def _lay(content: Path, place: Path, own: bool) -> None:
    """Have a content lie at a place, too.

    Args:
        own: whether a call may write there: then it gets a copy.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = unique_beside(place)
    try:
        os.link(content, partial)
    except OSError:  # no links here
        own = True
    if own:
        partial.unlink(missing_ok=True)
        shutil.copyfile(content, partial)
    os.replace(partial, place)
    partial.unlink(missing_ok=True)  # both were one already


def _rewritten(value: Any, said: Callable[[str], str]) -> Any:
    """JSON with other texts."""
    if isinstance(value, dict):
        return {name: _rewritten(item, said) for name, item in value.items()}
    if isinstance(value, list):
        return [_rewritten(item, said) for item in value]
    return said(value) if isinstance(value, str) else value


def _moved(path: str, places: Mapping[str, str]) -> str:
    """A path at its other place; any other text as it is."""
    for root, place in places.items():
        if path == root or path.startswith(f"{root}/"):
            return place + path[len(root) :]
    return path


def _told(words: str, back: Mapping[str, str]) -> str:
    """Words with the driver's paths in them."""
    for place, root in back.items():
        words = words.replace(place, root)
    return words


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
