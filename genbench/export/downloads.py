"""Downloads: what the page of a board offers beside itself."""

import json
from collections.abc import Mapping

from genbench.export import csv
from genbench.leaderboard import Leaderboard


def downloads(board: Leaderboard) -> Mapping[str, bytes]:
    """A board by the suffix of a file: its frame as csv, and all that its page shows as JSON."""
    return {
        "csv": csv.content(board),
        "json": (json.dumps(board.to_json(), indent=1, allow_nan=False) + "\n").encode(),
    }
