"""`genbench run`: train, sample, time and score models; write the leaderboard."""

import shlex
import sys
import traceback
from argparse import ArgumentTypeError, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import (
    Arguments,
    Commands,
    Parser,
    a_path,
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
    from genbench.runs.estimate import Forecast
    from genbench.runs.options import Options
    from genbench.runs.plan import Plan

EXAMPLES = """\
examples:
  genbench run --core                        the default suite's core: a model of each family, then the report
  genbench run --all                         every installed model
  genbench run --all --quick                 a look: less training, one seed
  genbench run -m vae -m "ddpm[steps=100]"   two models, one with a setting changed
  genbench run --core --tasks generate       samples alone, none of the suite's further questions
  genbench run -m mine --plugin mine.py      a model in a loose file
  genbench run -m mine --plugin mine.py --debug
  genbench run --all --dry-run               the plan, with an estimate

The same command again runs only what is missing.
exit codes: 0 all candidates ok, 1 some failed, 2 wrong usage, 130 interrupted
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "run", "train, sample, time and score models; write the leaderboard", EXAMPLES, ran)
    _add_what(parser)
    _add_how(parser)


def _add_what(parser: Parser) -> None:
    what = parser.add_argument_group("what")
    what.add_argument("--all", action="store_true", help="every discovered model")
    what.add_argument("--core", action="store_true", help="those that the suite names as its core")
    add_models(what, "with settings where they differ from its defaults")
    add_plugin(what)
    what.add_argument("--suite", default="digits", metavar="NAME_OR_TOML", help="the protocol (default: digits)")
    what.add_argument(
        "--tasks",
        action="extend",
        type=_names,
        default=[],
        metavar="NAME,…|all",
        help="which of the suite's tasks are asked (default: those that the suite says)",
    )
    what.add_argument("--seeds", type=int, metavar="N", help="training seeds per model (default: the suite's)")
    what.add_argument(
        "--first-seed", type=int, default=0, metavar="N", help="of them (default: 0); merge joins runs of other seeds"
    )
    what.add_argument("--quick", action="store_true", help="the suite's quick form")


def _names(text: str) -> list[str]:
    """Names with commas between them.

    Raises:
        ArgumentTypeError: there is none.
    """
    if not (names := [name for name in (part.strip() for part in text.split(",")) if name]):
        raise ArgumentTypeError(f"expected names with commas between them, or all; got {text!r}")
    return names


def _add_how(parser: Parser) -> None:
    how = parser.add_argument_group("how")
    add_device(how)
    add_placing(how)
    how.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a model plugin with an environment of its own; may be repeated",
    )
    how.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="seconds of fit, sample, audit, answer, verify, density, score; "
        "memory_gib, device_memory_gib, disk_gib, log_mib",
    )
    how.add_argument(
        "--isolation", default="auto", metavar="auto|process", help="how far plugins are confined (default: auto)"
    )
    add_sources(how)
    _add_secret(how)
    how.add_argument("--dry-run", action="store_true", help="print the plan with an estimate, run nothing")
    how.add_argument("--debug", action="store_true", help="one trial in this process, a debugger at the first error")
    add_json(how, "the leaderboard, or the plan, as JSON on stdout")


def _add_secret(to: Arguments) -> None:
    """The options that say what everything that is scored is drawn with, which is else a secret of the run."""
    to.add_argument(
        "--replay",
        action="append",
        default=[],
        type=a_path,
        metavar="RECORD",
        help="draw with the secret of this record.json, for the same bytes again; may be repeated",
    )
    to.add_argument(
        "--secret", type=a_path, metavar="FILE", help="draw with the 64 hex digits in FILE (default: a new secret)"
    )


def ran(options: Namespace) -> Exit:
    """Run a plan to its report, or print the plan."""
    from genbench.execution.supervisor import Supervisor

    with Supervisor() as supervisor:
        supervisor.prepare()  # it imports torch beside this process's own imports
        return _as_planned(options, supervisor)


def _as_planned(options: Namespace, supervisor: "Supervisor") -> Exit:
    """Read what is installed, make the plan, and do what the options ask of it."""
    from genbench.cli.printing import tell, tell_faults
    from genbench.cli.progress import waiting
    from genbench.runs import session
    from genbench.runs.options import Options
    from genbench.runs.preparation import probed

    chosen = Options(**{name: getattr(options, name) for name in Options.__dataclass_fields__})
    with waiting(sys.stderr, "starting torch and reading what is installed"):
        catalogue = session.catalogue_of(chosen, supervisor)
    tell_faults(catalogue)
    plan = session.plan_of(chosen, catalogue)
    for note in plan.notes:
        tell(note)
    if options.dry_run:
        found = probed(chosen.device, chosen.isolation, supervisor)
        return _forecast(session.forecast_of(chosen, plan, found), options.json)
    if options.debug:
        return _debugged(plan, chosen, supervisor, options.json)
    return _executed(plan, chosen, supervisor, options.json)


def _executed(plan: "Plan", chosen: "Options", supervisor: "Supervisor", as_json: bool, debug: bool = False) -> Exit:
    from genbench.cli.printing import print_json, tell
    from genbench.cli.progress import progress
    from genbench.cli.summary import summary
    from genbench.runs import session
    from genbench.runs.interruption import Interrupted

    try:
        with progress(sys.stderr, live=not debug) as listener:
            finished = session.execute(plan, chosen, supervisor, listener, debug)
    except Interrupted:
        again = shlex.join(["genbench", *sys.argv[1:]])
        print(f"\ninterrupted; what has finished is kept. This goes on from it:\n  {again}", file=sys.stderr)
        return Exit.INTERRUPTED
    for words in (*finished.damaged, *finished.left_out):
        tell(words)
    if as_json:
        print_json(finished.board.to_json())
    else:
        summary(finished)
    return Exit.FAILED if finished.failed else Exit.OK


def _debugged(plan: "Plan", chosen: "Options", supervisor: "Supervisor", as_json: bool) -> Exit:
    """Run the first trial of a model in this process; show what its stages raise."""
    from bdb import BdbQuit

    from genbench.cli.printing import tell
    from genbench.contracts.executor import Raised

    first = min(plan.trials, key=lambda trial: trial.listing.control is not None)
    # What failed before is what somebody wants to look at.
    existing = "retry-failed" if chosen.existing == "reuse" else chosen.existing
    chosen = replace(chosen, jobs=1, existing=existing)
    try:
        return _executed(replace(plan, trials=(first,)), chosen, supervisor, as_json, debug=True)
    except Raised as raised:
        if isinstance(raised.__cause__, BdbQuit):
            tell("the debugger was quit; nothing is recorded of the stage that it was in")
            return Exit.INTERRUPTED
        traceback.print_exception(raised.__cause__)
        return Exit.FAILED


def _forecast(forecast: "Forecast", as_json: bool) -> Exit:
    """Print what a run would do, and how long it might take."""
    from genbench.cli.printing import print_json
    from genbench.files.codec import encoded

    plan, found = forecast.plan, forecast.estimates
    if as_json:
        trials = [
            {"model": t.reference, "seed": t.seed, "seconds": found[t.slug].seconds, "basis": found[t.slug].basis}
            for t in plan.trials
        ]
        print_json({"suite": encoded(plan.suite), "trials": trials, "seconds": forecast.seconds})
    else:
        _show(forecast)
    return Exit.OK


def _show(forecast: "Forecast") -> None:
    from rich.markup import escape

    from genbench.cli.figures import duration
    from genbench.cli.progress import expected
    from genbench.cli.tables import show, table
    from genbench.protocol.stages import steps_of

    plan, found = forecast.plan, forecast.estimates
    rows = table("model", "seed", "stages", "estimate", "from", title=f"{plan.suite.name}: {plan.suite.title}")
    for trial in plan.trials:
        estimate = found[trial.slug]
        stages = [step.name.replace("/", " ") for step in steps_of(trial, plan.asked)]
        time = "unknown" if estimate.seconds is None else duration(estimate.seconds)
        rows.add_row(escape(trial.reference), str(trial.seed), ", ".join(stages), time, estimate.basis)
    show(rows)
    beside = "" if forecast.places is None else f", {forecast.places.jobs} at a time"
    print(f"{len(plan.trials)} trials{beside}: {expected(forecast)}")
