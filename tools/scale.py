"""Simulate how long a board takes on many devices, by what the stages of published records took.

    python tools/scale.py leaderboards/digits/records --models 25 --seeds 5 --devices 1,8,64,512 --driver 0.02

Trials are drawn from the records. Each is a chain of jobs, as an executor is given them: the fit; what needs the fitted
model and shares a device; the timed stages, alone on theirs; what scores. A job runs on the first device that is free,
after the driver has handed it out, and the next one of its trial follows when the driver has taken its result. The
driver does one thing at a time.

It prints, by devices: hours; how busy the devices are; how busy the driver is; and which of three ends it: the work,
the longest trial, or the driver.
"""

import argparse
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.records.files import read_records
from genbench.records.record import Record

ORDER = (("fit",), ("audit", "answer", "stream", "verify", "density"), ("sample",), ("score",))
HOUR = 3600.0

Chain = tuple[float, ...]  # seconds of the jobs of a trial, in order


@dataclass(frozen=True)
class Scale:
    """What became of a simulated board.

    Args:
        seconds: from the first job to the last result.
        work: seconds of all jobs.
        longest: seconds of the longest trial, with what the driver takes for it.
        driver: seconds that the driver was busy.
    """

    devices: int
    seconds: float
    work: float
    longest: float
    driver: float

    @property
    def limit(self) -> str:
        """What ends it: the largest of three lower bounds."""
        bounds = {"work": self.work / self.devices, "longest trial": self.longest, "driver": self.driver}
        return max(bounds, key=lambda name: bounds[name])


def chain_of(record: Record) -> Chain:
    """The jobs of a trial, by what its stages took; none where its fit did not end."""
    found = []
    for names in ORDER:
        seconds = [facts.seconds for name, facts in record.stages.items() if name.partition("/")[0] in names]
        own = sum(one for one in seconds if one is not None)
        found += [own] if own else []
    return tuple(found)


def simulated(trials: Sequence[Chain], devices: int, driver: float) -> Scale:
    """Run trials on some devices.

    Args:
        trials: in the order in which they are handed out.
        driver: seconds that it takes to hand a job out, and as much again to take its result.
    """
    free = [0.0] * devices  # when each device is
    waiting = [(0.0, number, 0) for number in range(len(trials))]  # when a job may be handed out, and which it is
    events: list[tuple[float, int, int]] = []  # when a job ends, and which it is
    heapq.heapify(free)
    heapq.heapify(waiting)
    clock = busy = 0.0
    while waiting or events:
        # The driver takes what has ended first; else it hands out, if a device is free.
        if events and (not waiting or events[0][0] <= max(clock, waiting[0][0], free[0] if free else float("inf"))):
            ended, number, place = heapq.heappop(events)
            clock = max(clock, ended) + driver
            busy += driver
            heapq.heappush(free, ended)
            if place + 1 < len(trials[number]):
                heapq.heappush(waiting, (clock, number, place + 1))
        else:
            ready, number, place = heapq.heappop(waiting)
            clock = max(clock, ready, heapq.heappop(free)) + driver
            busy += driver
            heapq.heappush(events, (clock + trials[number][place], number, place))
    work = sum(map(sum, trials))
    longest = max((sum(chain) + 2 * driver * len(chain) for chain in trials), default=0.0)
    return Scale(devices, clock, work, longest, busy)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--models", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--devices", default="1,8,64,512")
    parser.add_argument(
        "--driver", type=float, required=True, help="seconds to hand a job out; as many to take it back"
    )
    parser.add_argument("--factor", type=float, default=1.0, help="how many times longer each stage takes")
    options = parser.parse_args(arguments)
    records = [record for record in read_records(options.records) if record.model.control is None]
    known = [chain for record in records if (chain := chain_of(record))]
    draw = random.Random(0)
    trials = [tuple(options.factor * one for one in draw.choice(known)) for _ in range(options.models * options.seeds)]
    print(f"{options.models} models × {options.seeds} seeds, {sum(map(sum, trials)) / HOUR:,.1f} device hours")
    print("| devices | hours | devices busy | driver busy | ended by |\n|---|---|---|---|---|")
    for devices in map(int, options.devices.split(",")):
        own = simulated(trials, devices, options.driver)
        used = own.work / (devices * own.seconds)
        print(
            f"| {devices:,} | {own.seconds / HOUR:,.2f} | {used:.0%} | {own.driver / own.seconds:.0%} | {own.limit} |"
        )


if __name__ == "__main__":
    main()
