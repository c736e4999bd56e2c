"""The parent's clock: sections of a stage that are timed from its "go" to the child's "done".

A child says `ready` and waits; the parent says go and starts; the child says `lap` after each call and `done` at the
end. What a plugin does to its own clock changes nothing here.
"""

from dataclasses import dataclass, field

from genbench.contracts.job import Section, Timeline

MOST_NAMES, MOST_SECTIONS, MOST_LAPS = 32, 100, 100_000  # a plugin that writes more is not remembered


@dataclass
class _Running:
    started: float
    seconds: float | None = None
    laps: list[float] = field(default_factory=list)
    last: float = 0.0

    def lap(self, now: float) -> None:
        if len(self.laps) < MOST_LAPS:
            self.laps.append(now - (self.last or self.started))
            self.last = now


class Clock:
    """Collects the sections of one stage; times are monotonic seconds that the caller reads."""

    def __init__(self) -> None:
        self._sections: dict[str, list[_Running]] = {}

    def begin(self, name: str, now: float) -> bool:
        """A section begins; whether it is the first of its name."""
        if name not in self._sections and len(self._sections) >= MOST_NAMES:
            return False
        sections = self._sections.setdefault(name, [])
        if len(sections) < MOST_SECTIONS:
            sections.append(_Running(now))
        return len(sections) == 1

    def lap(self, name: str, now: float) -> None:
        """A call in a section has returned; ignored where none began."""
        if name in self._sections:
            self._sections[name][-1].lap(now)

    def end(self, name: str, now: float) -> None:
        """A section ends; ignored where none began."""
        if name in self._sections:
            self._sections[name][-1].seconds = now - self._sections[name][-1].started

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
            {
                name: tuple(Section(found.seconds, tuple(found.laps)) for found in sections)
                for name, sections in self._sections.items()
            }
        )
