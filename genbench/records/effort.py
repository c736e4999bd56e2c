"""Effort: what the processes of a stage took, as the kernel and the clock tell the parent."""

from dataclasses import dataclass

from genbench.files.codec import Seconds

ALLOWANCE = 5.0  # CPU seconds beside the timed section that nobody asks about: to save, and to draw a few samples


@dataclass(frozen=True)
class Effort:
    """What a stage took, from the import of the plugin to the end of its process.

    What an earlier process had taken that was killed is in it, as its own files say.
    """

    cpu: Seconds | None
    """CPU seconds of the whole process tree; null where the kernel does not tell."""
    seconds: Seconds
    """Wall seconds."""
    beside: Seconds | None = None
    """The part of the CPU seconds that fell neither into the import nor into the timed section; null likewise."""
    hides_children: bool = False
    """Whether it asked the kernel not to account for its children: then `cpu` is the least that it took."""

    @property
    def elsewhere(self) -> bool:
        """Whether it took more beside its timed section than in it, and more than what is allowed for."""
        return self.beside is not None and self.cpu is not None and self.beside > max(ALLOWANCE, self.cpu / 2)
