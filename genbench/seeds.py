"""Every seed is derived from names, so that adding a model changes no other model's numbers."""

import hashlib


def seed_for(*names: object) -> int:
    """A seed in [0, 2**63) made of the names alone: SHA-256 of their texts, separated by a zero byte."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
