"""Signatures: who wrote a file, by an Ed25519 key (RFC 8032), and the list of keys that a maintainer knows.

A signature stands in a file of its own beside what it is of, as hexadecimal in JSON.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from genbench.errors import GenbenchError
from genbench.files import codec, toml
from genbench.files.atomic import regular_bytes
from genbench.files.codec import Meta

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEYS = "keys.toml"  # the list, in a board's folder or the one above
FORMAT = 1
LIMIT = 4096  # bytes of a key's file, and of a signature's
SHOWN = 16  # digits of a key

PublicKey = Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)")]


@dataclass(frozen=True)
class Signature:
    """A signature of a file's bytes."""

    public: PublicKey
    """The key of whoever signed, 32 bytes in hexadecimal."""
    signature: Annotated[str, Meta(pattern="^[0-9a-f]{128}$(?!\n)")]
    """64 bytes in hexadecimal."""
    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    """Of this schema: 1."""


@dataclass(frozen=True)
class KnownKey:
    """A key that a maintainer knows the owner of."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    """Of its owner."""
    public: PublicKey
    """The key."""
    revoked: bool = False
    """Whether nothing that it signed is taken any more."""


@dataclass(frozen=True)
class Keys:
    """A maintainer's list of keys."""

    key: tuple[KnownKey, ...] = ()
    """A table [[key]] each."""

    def owner(self, public: str) -> KnownKey | None:
        """Whose key it is; None where nobody on the list has it."""
        return next((own for own in self.key if own.public == public), None)


NOBODY = Keys()


def read_keys(path: Path) -> Keys:
    """The keys of a list.

    Raises:
        GenbenchError: it cannot be read, is no such list, or has a key or a name twice, or a name that is not readable.
    """
    found = toml.read(Keys, path, "list of keys")
    for kind in ("name", "public"):
        values = [getattr(own, kind) for own in found.key]
        for value in values:
            if values.count(value) > 1:
                raise GenbenchError(f"{path}: two keys have the {kind} {value!a}; whose signature would it be")
    for own in found.key:
        if not own.name.isprintable():
            raise GenbenchError(f"{path}: expected a name of characters that can be read, got {own.name!a}")
    return found


def keys_near(folder: Path) -> Keys:
    """The list in a board's folder, or in the one above; an empty one where there is none."""
    places = (folder / KEYS, folder.absolute().parent / KEYS)
    return next((read_keys(path) for path in places if path.exists()), NOBODY)


def new_key(path: Path) -> str:
    """Make a private key, which its owner alone can read, and return the public one.

    Raises:
        GenbenchError: there is something at that path, or it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise GenbenchError(
            f"{path} is there already, and no key is written over anything; name another file"
        ) from None
    except OSError as error:
        raise GenbenchError(f"{path} cannot be written ({error.strerror}); name another file") from error
    with open(descriptor, "wb") as out:
        out.write(data)
    return _public(key)


def sign(path: Path, key: Path, place: Path) -> str:
    """Sign a file, write the signature, and return the public key.

    Args:
        key: the file of the private key.
        place: of the signature.
    Raises:
        GenbenchError: the key cannot be read, or is no Ed25519 key without a passphrase.
    """
    own = _private(key)
    codec.write(place, Signature(_public(own), own.sign(path.read_bytes()).hex()))
    return _public(own)


def signer(path: Path, place: Path) -> str:
    """The public key of whoever signed a file.

    Raises:
        GenbenchError: the signature cannot be read, or is not of what the file holds.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = codec.read(Signature, place, LIMIT)
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(found.public))
        public.verify(bytes.fromhex(found.signature), path.read_bytes())
    except (InvalidSignature, ValueError):
        words = f"is not signed by {shown(found.public)}, as {place.name} says: one of the two was changed"
        raise GenbenchError(f"{path.name} {words}") from None
    return found.public


def shown(public: str) -> str:
    """A key as people compare it."""
    return f"{public[:SHOWN]}…"


def public_of(key: Path) -> str:
    """The public key of a private key's file; raises as `sign` does."""
    return _public(_private(key))


def _public(key: "Ed25519PrivateKey") -> str:
    return key.public_key().public_bytes_raw().hex()


def _private(path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    way_out = "expected what genbench key wrote: an Ed25519 key as PEM, without a passphrase"
    try:
        key = load_pem_private_key(regular_bytes(path, LIMIT), None)
    except OSError as error:
        raise GenbenchError(f"{path} cannot be read ({error.strerror or error}); {way_out}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise GenbenchError(f"{path} is no key that can sign; {way_out}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise GenbenchError(f"{path} is a key of another kind; {way_out}")
    return key
