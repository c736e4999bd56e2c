"""Folder: a stranger's folder, looked at without following or opening anything but regular files, and copied.

What is verified is the copy, so that nobody can exchange a file between two looks.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from genbench.files.signatures import LIMIT as SIGNATURE_LIMIT
from genbench.submission.bundle import (
    LONGEST,
    MIB,
    MOST_BYTES,
    MOST_DEEP,
    MOST_FILES,
    MOST_OF_ONE,
    NOTE,
    SIGNATURE,
    Bundle,
    suffix_of,
)
from genbench.submission.finding import Check, Finding, refused

MOST_FOUND = 20  # faults of a folder that are told


def strangers_in(folder: Path) -> list[Finding]:
    """What a folder holds that no bundle may; whether bundle.json names it is another check."""
    found: list[Finding] = []
    files = whole = 0
    for path, entry in _below(folder):
        fault = _fault(path, entry)
        if fault:
            found.append(refused(Check.FOLDER, f"{_shown(path)} {fault}"))
        if not entry.is_dir(follow_symlinks=False):
            files, whole = files + 1, whole + entry.stat(follow_symlinks=False).st_size
        if files > MOST_FILES or whole > MOST_BYTES:
            most = f"{MOST_FILES:,} files and {MOST_BYTES // MIB:,} MiB"
            return [refused(Check.FOLDER, f"expected at most {most}, got {files:,} and {whole // MIB:,} MiB so far")]
        if len(found) == MOST_FOUND:
            break
    if not found and not (folder / NOTE).is_file():
        found.append(refused(Check.FOLDER, f"expected {NOTE}, and it is not there; genbench bundle writes it"))
    return found


def noted(folder: Path, place: Path) -> None:
    """Copy what a bundle says of itself, and its signature where there is one."""
    for name, most in ((NOTE, MOST_OF_ONE[".json"]), (SIGNATURE, SIGNATURE_LIMIT)):
        if (folder / name).exists():
            _copied(folder / name, place / name, most)


def copied(folder: Path, place: Path, bundle: Bundle) -> list[Finding]:
    """Copy what bundle.json names, and say what is not as it says: missing, unlisted, of another size or hash."""
    listed, found = {file.path: file for file in bundle.files}, []
    if len(listed) < len(bundle.files):
        found.append(refused(Check.LISTING, f"{NOTE} names a file twice"))
    there = {path for path, entry in _below(folder) if not entry.is_dir(follow_symlinks=False)} - {NOTE, SIGNATURE}
    found += [
        refused(Check.LISTING, f"{_shown(path)} is not named in {NOTE}") for path in sorted(there - listed.keys())
    ]
    for path, file in sorted(listed.items()):
        if path not in there:
            found.append(refused(Check.LISTING, f"{path} is named in {NOTE} and is not there"))
            continue
        size, sha256 = _copied(folder / path, place / path, MOST_OF_ONE.get(suffix_of(path), 0))
        if (size, sha256) != (file.bytes, file.sha256):
            expected = f"{file.bytes:,} bytes of sha256 {file.sha256[:12]}…"
            found.append(
                refused(Check.LISTING, f"{path}: {NOTE} says {expected}, got {size:,} bytes of {sha256[:12]}…")
            )
    return found[:MOST_FOUND]


def _below(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Each entry with its path within the folder; no link is followed, and nothing that is too deep is entered."""
    waiting = [""]
    while waiting:
        base = waiting.pop()
        with os.scandir(folder / base) as entries:
            for entry in entries:
                path = f"{base}/{entry.name}" if base else entry.name
                yield path, entry
                if entry.is_dir(follow_symlinks=False) and path.count("/") < MOST_DEEP - 1:
                    waiting.append(path)


def _fault(path: str, entry: os.DirEntry[str]) -> str:
    """Why no bundle may hold an entry, in words that follow its path; "" where it may."""
    if entry.is_symlink():
        return "is a link, and none is followed"
    if entry.is_dir(follow_symlinks=False):
        return f"lies deeper than {MOST_DEEP} names" if path.count("/") >= MOST_DEEP - 1 else ""
    if not entry.is_file(follow_symlinks=False):
        return "is a pipe, a socket or a device"
    most = SIGNATURE_LIMIT if path == SIGNATURE else MOST_OF_ONE.get(suffix_of(path))
    if most is None:
        return f"is no file of a bundle, which holds {', '.join(MOST_OF_ONE)}"
    size = entry.stat(follow_symlinks=False).st_size
    return f"has {size:,} bytes, expected at most {most:,}" if size > most else ""


def _shown(path: str) -> str:
    return ascii(path)[1:-1][:LONGEST]


def _copied(source: Path, place: Path, most: int) -> tuple[int, str]:
    """Copy a regular file, and return the size and the SHA-256 of what was copied: of `most` bytes and one at most."""
    place.parent.mkdir(parents=True, exist_ok=True)
    state, size = hashlib.sha256(), 0
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file, place.open("xb") as out:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return 0, ""
        while size <= most and (block := file.read(min(MIB, most + 1 - size))):
            out.write(block)
            state.update(block)
            size += len(block)
    return size, state.hexdigest()
