"""Places: names for files and folders, made of strangers' words."""

import hashlib
import re

LONGEST = 60  # characters
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    "data",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


def place_name(text: str) -> str:
    """A name that every file system takes: `text` itself where it is one, else what is left of it with its hash."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:LONGEST].strip("-.")
    if base and base == text and base.partition(".")[0].lower() not in _RESERVED:
        return base
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{base.replace('.', '-') or 'x'}-{digest}"
