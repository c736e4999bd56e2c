"""What a child is told, and when: the secret of a section, the seed of each batch, which batches are scored.

The parent makes the seeds of a run's batches one by one, and tells each when the batch before has ended. The scored
batches have names of their own, so that their bytes do not depend on how many others a faster machine draws.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from genbench.contracts.job import Call, Pace, Telling, Timeline
from genbench.seeds import derived, secret_seed

LEAST = 5  # batches of a run whose length is not that of its scored batches alone
AGAIN = "again"  # the section in which a scored batch is drawn again
ALONE = "alone"  # the section in which a timed call for one sample is made again
CALLS = ("latency", "call")  # the sections of such calls


class Teller(ABC):
    """Answers the markers of one child; "" says nothing, or that it is enough."""

    @abstractmethod
    def ready(self, section: str) -> str:
        """What is told when a section begins for the first time."""

    def lap(self, section: str, digest: str, seconds: float) -> str:
        """What is told after a lap.

        Args:
            digest: of what it drew.
            seconds: of all laps of the section so far.
        """
        return ""

    def done(self, section: str) -> str:
        """What is told when a section ends."""
        return ""

    @property
    def places(self) -> tuple[int, ...]:
        """The laps that are scored."""
        return ()


class Secrets(Teller):
    """Tells each section its secret.

    Args:
        secrets: by section.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def ready(self, section: str) -> str:
        """Its secret, if it has one."""
        return self._secrets.get(section, "")


class Paced(Teller):
    """Tells a run the secret of one batch after the other, the scored ones at places that nobody can foresee.

    Args:
        pace: the run's.
        secret: what all is made of; the child is never told it.
    """

    def __init__(self, pace: Pace, secret: str) -> None:
        self._pace, self._secret = pace, secret
        self._places: list[int] = []
        self._laps = 0

    @property
    def places(self) -> tuple[int, ...]:
        """The laps that are scored."""
        return tuple(self._places)

    def ready(self, section: str) -> str:
        """The secret of the first batch, or another one where another section asks."""
        return self._next(0.0) if section == self._pace.section else derived(self._secret, "section", section)

    def lap(self, section: str, digest: str, seconds: float) -> str:
        """The secret of the next batch; "" where the run has lasted long enough."""
        if section != self._pace.section:
            return ""
        self._laps += 1
        return self._next(seconds)

    def done(self, section: str) -> str:
        """The laps that are scored, once all is drawn."""
        return ",".join(map(str, self._places)) if section == self._pace.section else ""

    def _next(self, seconds: float) -> str:
        left = self._pace.scored - len(self._places)
        lasting = self._pace.seconds > 0
        if not left and (not lasting or (seconds >= self._pace.seconds and self._laps >= LEAST)):
            return ""
        if left and (not lasting or self._tossed() < left / self._expected(left, seconds)):
            self._places.append(self._laps)
            return derived(self._secret, "batch", len(self._places) - 1)
        return derived(self._secret, "further", self._laps)

    def _tossed(self) -> float:
        """A coin of this lap, in [0, 1): the secret's own, and no plugin's to know."""
        return secret_seed(self._secret, "coin", self._laps) / 2**63

    def _expected(self, left: int, seconds: float) -> float:
        """How many batches are still to be drawn, by the speed so far; at least those that are left."""
        if not self._laps or not seconds:
            return 2.0 * left
        return max(left, LEAST - self._laps, math.ceil((self._pace.seconds - seconds) * self._laps / seconds))


class Repeated(Teller):
    """Tells the secret of a scored batch, and once more where what was drawn differs from what was scored.

    Args:
        secret: of the batch.
        place: which of the scored batches it is.
        digest: of what was scored; the child is never told it.
        alone: of a call for one sample, its section's secret, the section and its place there; "": there was none.
    """

    def __init__(self, secret: str, place: int, digest: str, alone: str = "") -> None:
        self._secret, self._place, self._digest, self._alone = secret, place, digest, alone
        self._asked = 0

    def ready(self, section: str) -> str:
        """The batch's secret and its place, or what is to be known of the call."""
        return f"{self._secret} {self._place}" if section == AGAIN else self._alone if section == ALONE else ""

    def lap(self, section: str, digest: str, seconds: float) -> str:
        """The secret of the batch once more, at most once."""
        if section != AGAIN:
            return ""
        self._asked += 1
        return self._secret if digest != self._digest and self._asked == 1 else ""


class Disclosed(Teller):
    """Tells a section one line of a file after each lap that commits to something, however many laps there are.

    Args:
        telling: which lines.
        secrets: by section, told when it begins.
    """

    def __init__(self, telling: Telling, secrets: Mapping[str, str]) -> None:
        self._section, self._secrets, self._laps = telling.section, secrets, 0
        self._lines = telling.file.read_text(encoding="ascii").splitlines()

    def ready(self, section: str) -> str:
        """Its secret, if it has one."""
        return self._secrets.get(section, "")

    def lap(self, section: str, digest: str, seconds: float) -> str:
        """The next line; "" after a lap that commits to nothing, and where all is told."""
        if section != self._section or not digest:
            return ""
        self._laps += 1
        return self._lines[self._laps - 1] if self._laps <= len(self._lines) else ""


def teller(call: Call) -> Teller:
    """Who tells the child of a call."""
    if call.telling is not None:
        return Disclosed(call.telling, call.secrets)
    if call.pace is None:
        return Secrets(call.secrets)
    return Paced(call.pace, call.secrets[call.pace.section])


def counted(call: Call, places: Sequence[int]) -> int:
    """Which of the scored batches of a paced call is drawn again: the secret's choice.

    Not the run's first one, if there is another: in a fresh process as well that is the first.

    Args:
        places: the laps that are scored.
    """
    later = [index for index, place in enumerate(places) if place] or list(range(len(places)))
    return later[secret_seed(_secret(call), "counted") % len(later)]


def batch_secret(call: Call, place: int) -> str:
    """The secret of a scored batch of a paced call."""
    return derived(_secret(call), "batch", place)


def called(call: Call, timeline: Timeline) -> tuple[str, int] | None:
    """Which call for one sample is made again, its section and its place there: the secret's choice, not the first one.

    None where none was made that committed to what it drew.
    """
    for name in CALLS:
        if (count := len(timeline.digests(name))) > 1:
            return name, 1 + secret_seed(_secret(call), "counted call") % (count - 1)
    return None


def call_secret(call: Call, section: str) -> str:
    """The secret of the calls of a section of a paced call."""
    return derived(_secret(call), "section", section)


def _secret(call: Call) -> str:
    if call.pace is None:
        raise ValueError(f"{call.stage} has no pace")
    return call.secrets[call.pace.section]
