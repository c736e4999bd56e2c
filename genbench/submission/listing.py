"""Listing: what bundle.json says, and whether each file is at a place that it can have."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from genbench.contracts.settings import NAME
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.submission.bundle import CHECKS, ENVIRONMENT, EVIDENCE, NOTE, RECORDS, Bundle
from genbench.submission.finding import Check, Finding, refused

SLACK = timedelta(hours=1)  # by which a clock may be ahead of ours
PLACES = re.compile(
    rf"{ENVIRONMENT}|({RECORDS}|{CHECKS})/[^/]+\.json|{EVIDENCE}/[^/]+/[^/]+/.*[^/]+\.(json|safetensors)"
)


def listing_of(folder: Path) -> Bundle:
    """What a bundle says of itself.

    Raises:
        GenbenchError: no readable JSON, too large or too deep, or not of that form.
    """
    return codec.read(Bundle, folder / NOTE)


def faults(bundle: Bundle) -> Iterator[Finding]:
    """What is wrong with what it says, whatever the files hold."""
    for name in ("author", "contact", "genbench", "suite", "made"):
        if not str(getattr(bundle, name)).isprintable():
            words = "expected characters that can be read, got"
            yield refused(Check.LISTING, f"{NOTE}.{name}: {words} {getattr(bundle, name)!a}")
    for file in bundle.files:
        if not PLACES.fullmatch(file.path):
            yield refused(Check.LISTING, f"{file.path} is at no place that a bundle has")
    for task in bundle.exams:
        if not NAME.fullmatch(task):
            yield refused(Check.LISTING, f"{NOTE}.exams: no task is named {task!a}")
    if not any(file.path.startswith(f"{RECORDS}/") for file in bundle.files):
        yield refused(Check.LISTING, f"{NOTE} names no record")
    words = undatable(bundle.made)
    if words:
        yield refused(Check.LISTING, f"{NOTE}.made: {words}")


def undatable(text: str) -> str:
    """Why a text is no time of the past, in words; "" where it is one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return f"expected a time such as 2026-01-31T12:00:00Z, got {ascii(text)[:40]}"
    if found.tzinfo is None:
        return f"expected a time of UTC, got {text}"
    now = datetime.now(UTC)
    return f"{text} is in the future; it is {now.isoformat(timespec='seconds')}" if found > now + SLACK else ""


def read(folder: Path) -> tuple[Bundle | None, list[Finding]]:
    """A bundle's listing, and what is wrong with it; None where it cannot be read."""
    try:
        bundle = listing_of(folder)
    except GenbenchError as error:
        return None, [refused(Check.LISTING, str(error).replace(f"{folder}/", ""))]
    return bundle, list(faults(bundle))
