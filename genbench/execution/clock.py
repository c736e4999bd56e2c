"""The parent's clock: sections of a stage that are timed from its "go" to the child's "done".

A child says `ready` and waits; the parent says go and starts; the child says `lap` after each call and `done` at the
end. What a plugin does to its own clock changes nothing here.
"""

from collections.abc import Mapping
from statistics import median
from typing import Any

from genbench.contracts.job import Section

SECTIONS = ("data", "fit", "check", "load", "warm-up", "null", "run", "latency", "audit", "density", "score")
MOST_SECTIONS, MOST_LAPS = 100, 100_000  # of a name, and in a section: a plugin that writes more is not remembered
NULL_LIMIT = 0.001  # seconds: a slower empty section was slowed by somebody


class Clock:
    """Collects the sections of one stage; times are monotonic seconds that the caller reads."""

    def __init__(self) -> None:
        self.sections: dict[str, list[Section]] = {}

    def note(self, message: Mapping[str, Any], now: float) -> None:
        """Take a child's marker. A lap or an end of a section that never began is ignored."""
        name = str(message.get("section", ""))
        if message.get("at") == "ready":
            if name in SECTIONS and len(self.sections.get(name, [])) < MOST_SECTIONS:
                self.sections.setdefault(name, []).append(Section(now))
        elif name in self.sections and message.get("at") == "lap":
            if len(self.sections[name][-1].laps) < MOST_LAPS:
                self.sections[name][-1].lap(now)
        elif name in self.sections and message.get("at") == "done":
            self.sections[name][-1].seconds = now - self.sections[name][-1].started

    def seconds(self, name: str) -> float:
        """Seconds spent in all finished sections of that name; 0.0 where there are none."""
        return sum(section.seconds for section in self.sections.get(name, []) if section.seconds is not None)

    def laps(self, name: str) -> list[float]:
        """Seconds of each lap in the sections of that name."""
        return [lap for section in self.sections.get(name, []) for lap in section.laps]

    def finished(self, name: str) -> int:
        """How many sections of that name have begun and ended."""
        return sum(section.seconds is not None for section in self.sections.get(name, []))

    def null_call(self) -> float:
        """Median seconds of an empty section: what one marker and its answer cost by themselves, 1 ms at most."""
        calls = [section.seconds for section in self.sections.get("null", []) if section.seconds is not None]
        return min(median(calls), NULL_LIMIT) if calls else 0.0

    def net(self, seconds: float, calls: int = 1) -> float:
        """Seconds less what their markers cost; never less than half of them, whatever the empty sections said."""
        return max(seconds - self.null_call() * calls, seconds / 2)

    @property
    def open_section(self) -> str:
        """The section that has begun last and not ended, or ""."""
        begun = {name: sections[-1] for name, sections in self.sections.items()}
        last = max(begun, key=lambda name: begun[name].started, default="")
        return last if last and begun[last].seconds is None else ""

    @property
    def own_seconds(self) -> float:
        """Seconds inside sections: the stage's own work, as opposed to what the harness costs."""
        return sum(self.seconds(name) for name in self.sections)
