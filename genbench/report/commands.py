"""Commands: what a reader types to run what a page shows."""

import shlex
from collections.abc import Sequence

from genbench.records.record import QUICK, TUNING, ModelFacts
from genbench.report.text import clip

DEFAULT = "digits"  # the suite that a command need not name
LONGEST = 40  # characters of a suite's name in a command


def run_command(suite: str, options: Sequence[str], command: str = "run") -> str:
    """`genbench run` under a suite, which its record calls so: its quick form is asked for by an option.

    Args:
        options: words that follow.
        command: another one that takes a suite.
    """
    name = suite.removesuffix(QUICK)
    quick = ["--quick"] if name != suite else []
    if not 0 < len(name) <= LONGEST:
        name = "SUITE"
    named = [] if name == DEFAULT else ["--suite", name]
    return clip(shlex.join(["genbench", command, *named, *quick, *options]))


def again(model: ModelFacts, suite: str, tasks: Sequence[str], seeds: int) -> str:
    """The command that measures a model with its settings again; "" of samples, which came without one.

    Args:
        tasks: what it is asked: a run may ask others of its suite by default.
    """
    if model.samples_only:
        return ""
    loose = ["--plugin", model.distribution] if model.distribution.endswith(".py") and not model.version else []
    base, tuning, _ = suite.rpartition(TUNING)
    if tuning:  # a trial of settings, or a further budget: no run has such a suite
        return run_command(base, ["-m", model.name, *loose, "--trials", "N"], "tune")
    return run_command(suite, ["--tasks", ",".join(tasks), "-m", model.reference, *loose, "--seeds", str(seeds)])
