"""`genbench tune`: choose models' settings on the valid split, the same number of trials for each."""

import shlex
import sys
from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import (
    Commands,
    Parser,
    add_command,
    add_device,
    add_json,
    add_models,
    add_placing,
    add_plugin,
    add_sources,
)

if TYPE_CHECKING:
    from genbench.execution.supervisor import Supervisor
    from genbench.runs.options import Options
    from genbench.tuning.tuner import Terms, Tuned

EXAMPLES = """\
examples:
  genbench tune -m gan -m vae --trials 10                  10 configurations of each, the best beside the default
  genbench tune -m "gan[width=64]" --trials 20             all settings but width
  genbench tune -m gan --trials 10 --budgets 0.25,0.5      and both at a quarter and a half of the training images

Trials see train and valid alone. The same command again goes on from what has finished; more --trials add to it.
It needs optuna: pip install 'genbench[tune]'.
exit codes: 0 all candidates ok, 1 a model without any result, 2 wrong usage, 130 interrupted
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "tune", "choose settings on the valid split, equal trials a model", EXAMPLES, tuned)
    _add_what(parser)
    _add_how(parser)


def _add_what(parser: Parser) -> None:
    what = parser.add_argument_group("what")
    add_models(what, "settings that are given stay as they are")
    add_plugin(what)
    what.add_argument(
        "--trials", type=int, required=True, metavar="N", help="configurations of each, its defaults first"
    )
    what.add_argument("--suite", default="digits", metavar="NAME_OR_TOML", help="the protocol (default: digits)")
    what.add_argument("--quick", action="store_true", help="the suite's quick form")
    what.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (default: 0)")
    what.add_argument(
        "--budgets",
        type=_shares,
        metavar="SHARE,…",
        help="compare at these shares of the suite's training images too (default: those that the suite names)",
    )


def _add_how(parser: Parser) -> None:
    how = parser.add_argument_group("how")
    add_device(how)
    add_placing(how)
    add_sources(how)
    add_json(how, "what was tried and chosen, as JSON on stdout")


def _shares(text: str) -> tuple[float, ...]:
    """The numbers of a list.

    Raises:
        ArgumentTypeError: something else.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ArgumentTypeError(f"expected shares such as 0.25,0.5, got {text!r}") from None


def tuned(options: Namespace) -> Exit:
    """Tune, and show what was chosen."""
    from genbench.execution.supervisor import Supervisor
    from genbench.runs.options import Options
    from genbench.tuning.tuner import Terms

    known = {name: getattr(options, name) for name in Options.__dataclass_fields__ if hasattr(options, name)}
    terms = Terms(options.trials, options.seed, options.budgets)
    with Supervisor() as supervisor:
        return _tuned(Options(**known), terms, supervisor, options.json)


def _tuned(chosen: "Options", terms: "Terms", supervisor: "Supervisor", as_json: bool) -> Exit:
    from genbench.cli.printing import print_json, tell, tell_faults
    from genbench.cli.progress import progress, waiting
    from genbench.files.codec import encoded
    from genbench.runs import session
    from genbench.runs.interruption import Interrupted
    from genbench.tuning.tuner import Tuner

    with waiting(sys.stderr, "starting torch and reading what is installed"):
        catalogue = session.catalogue_of(chosen, supervisor)
    tell_faults(catalogue)
    plan = session.plan_of(chosen, catalogue)
    for note in plan.notes:
        tell(note)
    try:
        found = Tuner(plan, chosen, terms, supervisor, lambda: progress(sys.stderr)).tuned()
    except Interrupted:
        again = shlex.join(["genbench", *sys.argv[1:]])
        print(f"\ninterrupted; what has finished is kept. This goes on from it:\n  {again}", file=sys.stderr)
        return Exit.INTERRUPTED
    if as_json:
        print_json([encoded(tuning) for tuning in found.tunings])
    else:
        _show(found)
    failed = found.finished.failed or any(tuning.best is None for tuning in found.tunings)
    return Exit.FAILED if failed else Exit.OK


def _show(found: "Tuned") -> None:
    """Of each model: how many trials gave a value, the default's and the best on the valid split."""
    from genbench.cli.figures import number
    from genbench.cli.summary import summary
    from genbench.report.text import visible

    for tuning in found.tunings:
        known, best = [trial for trial in tuning.trials if trial.value is not None], tuning.best
        first = tuning.trials[0].value
        words = "failed" if first is None else number(first)
        print(
            f"{visible(tuning.default)}: {len(known)} of {len(tuning.trials)} trials gave {tuning.criterion} on valid"
        )
        print(f"  default  {words}")
        if best is not None and best.value is not None:
            print(f"  best     {number(best.value)}  trial {best.number}: {visible(best.reference)}")
    print()
    summary(found.finished)
