"""What of the driver's files lies in Ray's store: once each, for as long as a job that needs it has not ended."""

from pathlib import Path
from typing import Any

from genbench.contracts.executor import Ticket
from genbench.execution.shipment import Shipment
from genbench.files.atomic import sha256_of


class Contents:
    """The files of jobs, as Ray keeps them.

    Args:
        ray: the library, connected.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._refs: dict[str, Any] = {}
        self._needed: dict[Ticket, set[str]] = {}

    def hashed(self, path: Path) -> str:
        """SHA-256 of a file, which is read again where it has changed."""
        own = path.stat()
        key = str(path), own.st_size, own.st_mtime_ns
        if key not in self._hashes:
            self._hashes[key] = sha256_of(path)
        return self._hashes[key]

    def put(self, ticket: Ticket, sent: Shipment) -> dict[str, Any]:
        """SHA-256 → what Ray keeps it as, of all that a job needs."""
        self._needed[ticket] = {file.sha256 for file in sent.files}
        for file in sent.files:
            if file.sha256 not in self._refs:
                self._refs[file.sha256] = self._ray.put(Path(file.path).read_bytes())
        return {digest: self._refs[digest] for digest in self._needed[ticket]}

    def drop(self, ticket: Ticket) -> None:
        """A job has ended."""
        own = self._needed.pop(ticket, set())
        for digest in own.difference(*self._needed.values()):
            self._refs.pop(digest, None)
