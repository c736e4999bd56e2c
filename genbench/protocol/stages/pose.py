"""The `pose` stage: a task's questions and their key are laid down, once a run, in a process that no plugin touched."""

from dataclasses import dataclass

from genbench.protocol.inputs import PartChoice, SplitFiles

POSE = "genbench.workers.trusted.pose:pose"
QUESTIONS, KEY = "questions/questions.safetensors", "key/key.safetensors"  # in the exam's folder
WARM_UP = "warm-up/questions.safetensors"  # of rows of valid: what is asked before the clock starts
LIMIT = 600.0  # wall seconds


@dataclass(frozen=True)
class PoseInputs:
    """What an exam is made of."""

    data: SplitFiles
    """All of it."""
    task: PartChoice
    """What is asked."""
    count: int
    """Questions."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class PoseFacts:
    """What the exam holds."""

    questions: tuple[str, ...]
    """Names of the arrays that a model is shown."""
    key: tuple[str, ...]
    """Names of those that the scorer alone reads."""
