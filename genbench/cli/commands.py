"""What each command does."""

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from genbench import catalogue as catalogues
from genbench.catalogue import Catalogue
from genbench.cli.exits import FAILED, INTERRUPTED, OK
from genbench.supervisor import Supervisor


def list_command(options: Namespace) -> int:
    """`genbench list KIND`."""
    with Supervisor() as supervisor:
        catalogue = catalogues.read(supervisor, options.plugin)
    entries = catalogue.entries[options.kind].values()
    if options.json:
        faults = [{"plugin": fault.plugin.name, "reason": fault.reason} for fault in catalogue.faults]
        _print_json({options.kind: [entry.to_json() for entry in entries], "faults": faults})
        return OK
    from genbench.cli.tables import listing

    listing(options.kind, list(entries))
    _print_faults(catalogue)
    return OK


def run_command(options: Namespace) -> int:
    """`genbench run`."""
    from genbench import session

    names = session.Options.__dataclass_fields__
    chosen = session.Options(**{name: getattr(options, name) for name in names})
    with Supervisor() as supervisor:
        catalogue = catalogues.read(supervisor, chosen.plugin, retry=True)
        _print_faults(catalogue)
        plan = session.plan_of(chosen, catalogue)
        if options.dry_run:
            jobs = session.jobs_of(chosen, plan, session.probed(chosen, supervisor))
            return _print_plan(plan, session.run_folder(chosen, plan), jobs, options.json)
        if options.debug:
            from genbench.debug import InProcess

            first = min(plan.trials, key=lambda trial: trial.model.control)
            plan = replace(plan, trials=(first,))
            chosen = replace(chosen, jobs=1)
            return _executed(plan, chosen, InProcess(), options)
        return _executed(plan, chosen, supervisor, options)


def _executed(plan: Any, chosen: Any, supervisor: Supervisor, options: Namespace) -> int:
    from genbench import session
    from genbench.cli.progress import progress
    from genbench.cli.summary import summary
    from genbench.conductor import Interrupted

    try:
        with progress(sys.stderr, session.run_folder(chosen, plan), live=not options.debug) as listener:
            finished = session.execute(plan, chosen, supervisor, listener)
    except Interrupted:
        again = shlex.join(["genbench", *sys.argv[1:]])
        print(f"\ninterrupted; what has finished is kept. This goes on from it:\n  {again}", file=sys.stderr)
        return INTERRUPTED
    if options.json:
        _print_json(finished.board.to_json())
    else:
        summary(finished)
    return FAILED if finished.failed else OK


def report_command(options: Namespace) -> int:
    """`genbench report RECORDS --out DIR`."""
    from genbench.leaderboard import Leaderboard, read_records
    from genbench.report import render

    print(render(Leaderboard.of(read_records(options.records)), options.out))
    return OK


def _print_plan(plan: Any, root: Any, jobs: int, as_json: bool) -> int:
    from genbench.cli.tables import plan_table
    from genbench.estimate import estimates, wall_seconds

    found = estimates(plan, root)
    if as_json:
        trials = [
            {"model": t.reference, "seed": t.seed, "seconds": found[t.slug].seconds, "basis": found[t.slug].basis}
            for t in plan.trials
        ]
        _print_json({"suite": plan.suite.to_json(), "trials": trials, "seconds": wall_seconds(plan, found, jobs)})
    else:
        plan_table(plan, found, wall_seconds(plan, found, jobs), jobs)
    return OK


def _print_faults(catalogue: Catalogue) -> None:
    for fault in catalogue.faults:
        print(f"genbench: plugin fault: {' '.join(str(fault).split())}", file=sys.stderr)


def _print_json(value: Mapping[str, Any]) -> None:
    print(json.dumps(value, indent=1))
