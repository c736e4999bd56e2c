"""Boards to export: a full one, and one of strangers' words."""

import functools
from collections.abc import Mapping

from records import HOSTILE, VALUES, board_records, candidate, record

from genbench.files.codec import encoded
from genbench.leaderboard import Leaderboard, boards
from genbench.records.files import record_of
from genbench.records.record import Record


@functools.cache
def full(seeds: int = 3) -> Mapping[str, Leaderboard]:
    return boards(board_records(seeds))


def strangers() -> list[Record]:
    """Records whose every name is hostile, as they are once they were read from files."""
    found = []
    for word in HOSTILE.values():
        own = candidate(word, VALUES, sampler=word)
        told = record(word, candidates=[own], model={"distribution": word, "source": word, "reference": word})
        found.append(record_of(encoded(told)))
    return found
