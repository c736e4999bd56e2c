"""Simulate boards, and print how often candidates are separated: wrongly where they are equal, rightly where not.

Every candidate has a spread of its own on each of three axes, log-normal with median 1 and the given deviation of its
logarithm; its seeds are normal. Level: the share of boards of equal candidates on which any pair is separated. Power: a
candidate in three stands that many median spreads above the rest on the first axis; of the pairs that differ, the share
that is separated. Both after Holm's correction over all pairs on all axes.

    python tools/separation.py --boards 2000
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genbench.leaderboard.statistics import Contest, Contrast, Ruler
from genbench.records.kinds import Scale
from genbench.seeds import seed_for

AXES = dict.fromkeys(("quality", "coverage", "speed"), Ruler(Scale.PLAIN))
CANDIDATES, SPREADS, SEEDS, DISTANCES = (9, 30, 60), (0.4, 0.8), (3, 4, 5, 10), (3.0, 6.0, 10.0)


@dataclass(frozen=True)
class Setting:
    """What a simulated board is like."""

    candidates: int
    spread: float
    """The standard deviation of the logarithm of the candidates' spreads."""
    seeds: int
    distance: float = 0.0
    """Of a third of the candidates from the others on the first axis, in median spreads."""

    @property
    def ahead(self) -> int:
        """How many stand above the others."""
        return self.candidates // 3 if self.distance else 0


def boards(setting: Setting, count: int) -> Iterator[list[Contrast]]:
    """The comparisons of simulated boards."""
    rng = np.random.default_rng(seed_for("separation", repr(setting)))
    for _ in range(count):
        spread = np.exp(setting.spread * rng.standard_normal((setting.candidates, 1, len(AXES))))
        seeds = spread * rng.standard_normal((setting.candidates, setting.seeds, len(AXES)))
        seeds[: setting.ahead, :, 0] += setting.distance
        contest = Contest(AXES, {str(place): rows.tolist() for place, rows in enumerate(seeds)})
        yield contest.contrasts(margins=False)


def level(setting: Setting, count: int) -> float:
    """The share of boards of equal candidates with any separation."""
    return sum(any(found.separated for found in board) for board in boards(setting, count)) / count


def power(setting: Setting, count: int) -> float:
    """The share of the pairs that differ that is separated the right way round."""
    first = next(iter(AXES))
    right = sum(
        found.separated and found.axis == first and int(found.better) < setting.ahead <= int(found.worse)
        for board in boards(setting, count)
        for found in board
    )
    return right / (count * setting.ahead * (setting.candidates - setting.ahead))


def table(boards_of_nine: int) -> Iterator[str]:
    """The lines of a table; of boards with more candidates fewer are simulated, as they take longer."""
    yield "| seeds | candidates | log-normal spread | boards | level | power at 3 | at 6 | at 10 spreads |"
    yield "|---|---|---|---|---|---|---|---|"
    for seeds in SEEDS:
        for candidates in CANDIDATES:
            count = max(1, boards_of_nine * min(CANDIDATES) // candidates)
            for spread in SPREADS:
                wrong = level(Setting(candidates, spread, seeds), count)
                settings = [Setting(candidates, spread, seeds, distance) for distance in DISTANCES]
                right = [power(setting, max(1, 2 * count // candidates)) for setting in settings]
                figures = " | ".join(f"{value:.2f}" for value in right)
                yield f"| {seeds} | {candidates} | {spread:g} | {count} | {wrong:.3f} | {figures} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--boards", type=int, default=2000, help="simulated boards of nine candidates for each level")
    for line in table(parser.parse_args().boards):
        print(line, flush=True)


if __name__ == "__main__":
    main()
