"""The parent's clock: sections of a stage that are timed from its "go" to the child's "done".

A child says `ready` and waits; the parent says go and starts; the child says `lap` after each call and `done` at the
end. What a plugin does to its own clock changes nothing here.
"""

import math
from dataclasses import dataclass, field

from genbench.contracts.job import Section, Timeline

MOST_NAMES, MOST_SECTIONS, MOST_LAPS = 32, 100, 100_000  # a plugin that writes more is not remembered


@dataclass
class _Running:
    started: float
    seconds: float | None = None
    laps: list[float] = field(default_factory=list)
    last: float = 0.0
    cpu: float | None = None
    base: float | None = None
    efforts: list[float] = field(default_factory=list)
    yardsticks: list[float] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    paused: float = 0.0

    def lap(self, now: float, effort: float | None, digest: str) -> None:
        if len(self.laps) < MOST_LAPS:
            self.laps.append(now - (self.last or self.started))
            self.last = now
            self.yardsticks.append(0.0)
            self.digests.append(digest)
            if effort is not None and self.base is not None:
                self.efforts.append(effort - self.base)

    @property
    def section(self) -> Section:
        return Section(
            self.seconds,
            tuple(self.laps),
            self.paused,
            self.cpu,
            tuple(self.efforts) if len(self.efforts) == len(self.laps) else (),
            tuple(self.yardsticks) if any(self.yardsticks) else (),
            tuple(self.digests) if any(self.digests) else (),
        )


class Clock:
    """Collects the sections of one stage; times are monotonic seconds that the caller reads.

    So are efforts, the CPU seconds of the child's process tree; None where the kernel does not tell.
    """

    def __init__(self) -> None:
        self._sections: dict[str, list[_Running]] = {}
        self.first: tuple[float, float | None] | None = None  # when the first section began, and the effort then

    def begin(self, name: str, now: float, effort: float | None = None) -> bool:
        """A section begins; whether it is the first of its name."""
        self.first = self.first or (now, effort)
        if name not in self._sections and len(self._sections) >= MOST_NAMES:
            return False
        sections = self._sections.setdefault(name, [])
        if len(sections) < MOST_SECTIONS:
            sections.append(_Running(now, base=effort))
        return len(sections) == 1

    def lap(self, name: str, now: float, effort: float | None = None, digest: str = "") -> None:
        """A call in a section has returned; ignored where none began."""
        if name in self._sections:
            self._sections[name][-1].lap(now, effort, digest)

    def paused(self, name: str, now: float, yardstick: float = 0.0) -> None:
        """What the parent did after a lap is over: the next lap begins only now.

        Args:
            yardstick: CPU seconds of the workload that it carried out; 0: none.
        """
        if name in self._sections and (running := self._sections[name][-1]).laps:
            running.paused += now - running.last
            running.last = now
            running.yardsticks[-1] = yardstick

    def lasted(self, name: str) -> float:
        """Seconds of all laps of the last section of that name so far; 0.0 where none began."""
        return math.fsum(self._sections[name][-1].laps) if name in self._sections else 0.0

    def end(self, name: str, now: float, effort: float | None = None) -> None:
        """A section ends; ignored where none began."""
        if name in self._sections:
            running = self._sections[name][-1]
            running.seconds = now - running.started - running.paused
            if effort is not None and running.base is not None:
                running.cpu = effort - running.base

    def is_open(self, name: str) -> bool:
        """Whether a section of that name has begun and not ended."""
        return name in self._sections and self._sections[name][-1].seconds is None

    @property
    def open_section(self) -> str:
        """The section that has begun last and not ended, or ""."""
        begun = {name: sections[-1] for name, sections in self._sections.items()}
        last = max(begun, key=lambda name: begun[name].started, default="")
        return last if last and begun[last].seconds is None else ""

    @property
    def timeline(self) -> Timeline:
        """What was timed."""
        return Timeline(
            {name: tuple(running.section for running in sections) for name, sections in self._sections.items()}
        )
