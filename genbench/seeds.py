"""Every seed is derived from names, so that adding a model changes no other model's numbers.

Seeds of training are made of names alone. Those of what is scored are made of names and a secret of the run, so that
no plugin can know them before it is asked.
"""

import hashlib
import hmac

SECRET_BYTES = 32


def seed_for(*names: object) -> int:
    """A seed in [0, 2**63) made of the names alone: SHA-256 of their texts, separated by a zero byte."""
    return _seed(hashlib.sha256(_text(names)).digest())


def derived(secret: str, *names: object) -> str:
    """A secret of the names' own, 64 hexadecimal digits: HMAC-SHA256 of their texts under another secret.

    Args:
        secret: hexadecimal digits.
    """
    return hmac.new(bytes.fromhex(secret), _text(names), hashlib.sha256).hexdigest()


def secret_seed(secret: str, *names: object) -> int:
    """A seed in [0, 2**63) made of the names and a secret."""
    return _seed(bytes.fromhex(derived(secret, *names)))


def commitment(secret: str) -> str:
    """What may be known of a secret before it is told: it fixes the secret and does not give it away."""
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def _text(names: tuple[object, ...]) -> bytes:
    return "\0".join(str(name) for name in names).encode("utf-8", "surrogatepass")


def _seed(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big") >> 1
