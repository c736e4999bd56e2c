"""Finding: what verifying a bundle finds, a line each, under the check that found it."""

from dataclasses import dataclass
from enum import Enum

from genbench.errors import plain

LONGEST = 600  # characters of a line


class Check(Enum):
    """The checks, in their order."""

    FOLDER = "folder"
    """Regular files of known kinds alone, none too large, none too many, no link."""
    LISTING = "listing"
    """bundle.json names just these files with their hashes."""
    SIGNATURE = "signature"
    """Where bundle.json is signed, it is by that key, and by no revoked one."""
    RECORDS = "records"
    """Each is a sealed record of one trial, in its own file, of the past, with names that can be read."""
    PROTOCOL = "protocol"
    """Suite, data and terms are those that this installation has."""
    PLUGIN = "plugin"
    """The model's code is that of its distribution, as far as that is installed here."""
    EVIDENCE = "evidence"
    """What the stages left is there, is what they committed to, and is no other seed's."""
    SPEED = "speed"
    """Speeds agree with their own clock, and are of the machine that they say, at leisure."""
    GATES = "gates"
    """Gates and audits say again what the record says."""
    SCORES = "scores"
    """Scores come out again."""
    RERUN = "rerun"
    """Trained and drawn from again, the models do what their records say."""
    SELF_REPORTED = "self-reported"
    """What nobody can compute again."""


class Level(Enum):
    """What a finding means for the bundle."""

    REFUSED = "refused"
    NOTED = "noted"


@dataclass(frozen=True)
class Finding:
    """One finding."""

    check: Check
    """What found it."""
    level: Level
    """Whether the bundle is refused for it."""
    words: str
    """What was expected, and what is there."""

    @property
    def refused(self) -> bool:
        """Whether the bundle is refused for it."""
        return self.level is Level.REFUSED

    def __str__(self) -> str:
        text = plain(" ".join(self.words.split()))
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        return f"{self.check.value}: {text}"


def refused(check: Check, words: str) -> Finding:
    """A finding for which the bundle is refused."""
    return Finding(check, Level.REFUSED, words)


def noted(check: Check, words: str) -> Finding:
    """A finding that a maintainer should know of."""
    return Finding(check, Level.NOTED, words)
