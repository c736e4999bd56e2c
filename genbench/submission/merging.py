"""Merging bundles: only what was verified is taken, and how far it was is kept beside the records, never in them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from genbench.leaderboard.assembly import order
from genbench.leaderboard.merging import Filed
from genbench.records import vouchers
from genbench.records.vouchers import NOBODY, Voucher, weakest
from genbench.submission.bundle import NOTE
from genbench.submission.verification import Verified
from genbench.version import VERSION


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


def vouch(place: Path, bundles: Sequence[Verified], board: Sequence[Filed], key: Path | None) -> None:
    """Note how far the records of bundles were verified that the board has; what is noted already and as far stays.

    Args:
        board: all of its records, also those that lay there before the same ones came in a bundle.
        key: the file of the maintainer's private key; None: nobody signs.
    """
    known = dict(vouchers.read(place))
    hashes = {own.record.sha256 for own in board}
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for found in bundles:
        author = found.bundle.author if found.bundle is not None else ""
        for own in found.records:
            if own.record.sha256 in hashes:
                voucher = Voucher(found.status(own), VERSION, now, author, found.signer)
                other = known.get(own.record.sha256, NOBODY)
                if own.record.sha256 not in known or weakest([other, voucher]) is not voucher.status:
                    known[own.record.sha256] = voucher
    vouchers.write(place, known, key)
