"""The documentation's table of levels, and what a board prints of it."""

import re
from pathlib import Path

from genbench.leaderboard.statistics import ALPHA, ENOUGH, MODERATED, WELCH

README = Path(__file__).parents[2] / "leaderboards/README.md"


def test_a_board_prints_the_highest_level_of_the_table_of_each_test() -> None:
    rows = re.findall(r"^\| (\d+) \| \d+ \| [\d.]+ \| \d+ \| ([\d.]+) \|", README.read_text(), re.MULTILINE)
    assert len(rows) == 4 * 3 * 2
    highest = {
        used: max(float(level) for seeds, level in rows if (int(seeds) >= ENOUGH) is (used is WELCH))
        for used in (WELCH, MODERATED)
    }
    assert highest == {used: used.level for used in highest}
    assert max(highest.values()) <= ALPHA
