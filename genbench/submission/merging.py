"""Merging bundles: only what was verified is taken, and how far it was is kept beside the records, never in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from genbench.files import codec
from genbench.files.codec import Meta
from genbench.leaderboard.assembly import order
from genbench.leaderboard.merging import Filed
from genbench.records.files import VERIFIED
from genbench.submission.bundle import NOTE, Hash, Line
from genbench.submission.verification import Verified
from genbench.version import VERSION

FORMAT = 1


@dataclass(frozen=True)
class Standing:
    """How far a record was verified."""

    status: Line
    """recomputed: its scores and gates came out again; self-reported: it has none that could."""
    genbench: Line
    """The version that verified it."""
    date: Line
    """When, UTC."""
    author: Line = ""
    """Who submitted it, as the bundle says."""


@dataclass(frozen=True)
class Standings:
    """The file beside the records of a board."""

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    """Of this schema: 1."""
    records: Mapping[Hash, Standing] = field(default_factory=dict)
    """SHA-256 that a record states of itself → how far it was verified."""


def is_bundle(folder: Path) -> bool:
    """Whether a folder says that it is a bundle."""
    return (folder / NOTE).is_file()


def filed(folder: Path, found: Verified, there: Sequence[Filed]) -> Iterator[tuple[Filed, str]]:
    """The records of a verified bundle, each with why it is passed over; "": it is taken.

    Args:
        there: what the board has; its controls stay, whoever else measured them.
    """
    known = {order(own.record): own for own in there}
    for own in found.records:
        other = known.get(order(own.record))
        stays = other is not None and own.record.model.control is not None
        words = f"{folder / own.path}: the control {own.record.model.name} is on the board already" if stays else ""
        yield Filed(folder / own.path, own.record), words


def keep_standings(place: Path, bundles: Sequence[Verified], taken: Sequence[Filed]) -> None:
    """Note how far the records that were taken from bundles were verified; what is noted already stays."""
    path = place / VERIFIED
    known = dict(codec.read(Standings, path).records) if path.exists() else {}
    hashes = {own.record.sha256 for own in taken}
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for found in bundles:
        author = found.bundle.author if found.bundle is not None else ""
        for own in found.records:
            if own.record.sha256 in hashes:
                known.setdefault(own.record.sha256, Standing(found.status(own), VERSION, now, author))
    codec.write(path, Standings(FORMAT, known))
