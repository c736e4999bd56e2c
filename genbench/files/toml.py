"""TOML that somebody wrote: of bounded size, and decoded into a dataclass."""

import tomllib
from pathlib import Path
from typing import TypeVar

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import regular_bytes

T = TypeVar("T")
MOST = 2**20  # bytes of a file


def read(kind: type[T], path: Path, what: str) -> T:
    """The dataclass that a TOML file holds.

    Args:
        what: it is, in messages: "file of references".
    Raises:
        GenbenchError: it cannot be read, is no TOML, or is not of that kind; says which and why.
    """
    try:
        data = regular_bytes(path, MOST + 1)
        if len(data) > MOST:
            raise ValueError(f"larger than {MOST} bytes")
        return codec.decoded(kind, tomllib.loads(data.decode("utf-8")), "file")
    except (OSError, ValueError, RecursionError) as error:
        raise GenbenchError(f"{path} is no {what}: {error}") from error
    except GenbenchError as error:
        raise GenbenchError(f"{path}: {str(error).removeprefix('file.').removeprefix('file: ')}") from None
