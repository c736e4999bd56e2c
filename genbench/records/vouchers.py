"""Vouchers: how far each record of a board was verified, by whom and when. They are kept beside records, never in them.

Whoever writes a record could write there what he likes; whoever takes it into a board vouches for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Meta
from genbench.files.signatures import keys_near, public_of, sign, signer
from genbench.records.files import VERIFIED

FORMAT = 1
SEAL = "verified.sig"  # of the file of vouchers
RECORDS = "records"  # the folder that the file may lie beside

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)")]
Line = Annotated[str, Meta(max_length=200)]


class Extent(Enum):
    """How far the numbers of a record were verified, the least first."""

    SELF_REPORTED = "self-reported"
    """Not at all: they are what its author says."""
    RECOMPUTED = "recomputed"
    """Scores and gates came out again from the samples and answers that came with it."""
    RERUN = "verified by rerun"
    """The model was trained again, and what came out agrees."""


@dataclass(frozen=True)
class Voucher:
    """How far a record was verified."""

    status: Extent
    """How far."""
    genbench: Line = ""
    """The version that verified it."""
    date: Line = ""
    """When, UTC."""
    author: Line = ""
    """Who submitted it, as the bundle says."""
    signer: Line = ""
    """Whose key signed the bundle, by the maintainer's list of keys; "": nobody's on it."""
    by: Line = ""
    """Whose key signed the file of vouchers, by the list that lies near it; what the file says of it does not count."""


NO_KEY = "no key vouches for it"
NOBODY = Voucher(Extent.SELF_REPORTED)
NONE: Mapping[str, Voucher] = MappingProxyType({})


@dataclass(frozen=True)
class Vouchers:
    """The file beside the records of a board."""

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    """Of this schema: 1."""
    records: Mapping[Hash, Voucher] = field(default_factory=dict)
    """SHA-256 that a record states of itself → how far it was verified. A record that is changed has none."""


def read(folder: Path) -> Mapping[str, Voucher]:
    """The vouchers of a board's folder, by the hash that a record states; none where it has no such file.

    Raises:
        GenbenchError: the file is none, or was changed since it was signed; says why.
    """
    path = folder / VERIFIED
    if not path.exists():
        return NONE
    found, by = codec.read(Vouchers, path).records, ""
    if (folder / SEAL).exists():
        owner = keys_near(folder).owner(signer(path, folder / SEAL))
        by = owner.name if owner and not owner.revoked else ""
    return {sha256: replace(own, by=by) for sha256, own in found.items()}


def write(folder: Path, records: Mapping[str, Voucher], key: Path | None) -> None:
    """Write the vouchers of a board's folder.

    Args:
        key: the file of the private key by which they are signed; None: they are not.
    """
    codec.write(folder / VERIFIED, Vouchers(records={sha256: replace(own, by="") for sha256, own in records.items()}))
    if key is not None:
        sign(folder / VERIFIED, key, folder / SEAL)


def check_key(folder: Path, key: Path | None) -> None:
    """Refuse to write vouchers without a key where they were signed; try the key.

    Raises:
        GenbenchError: there is none, or it cannot sign.
    """
    if key is not None:
        public_of(key)
    elif (folder / SEAL).exists():
        raise GenbenchError(f"{folder / VERIFIED} is signed, and would not be any more; name the key with --key")


def beside(folder: Path) -> Mapping[str, Voucher]:
    """The vouchers of the records in a folder: in it, or beside it where it is a board's `records`."""
    return read(home_of(folder))


def home_of(folder: Path) -> Path:
    """The folder of a board, of which its `records` may be named."""
    return folder.parent if folder.name == RECORDS else folder


def weakest(found: Iterable[Voucher]) -> Extent:
    """The least of several; self-reported of none."""
    known = list(Extent)
    return min((own.status for own in found), key=known.index, default=Extent.SELF_REPORTED)
