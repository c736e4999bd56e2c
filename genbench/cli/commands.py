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
from genbench.execution.supervisor import Supervisor


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
    from genbench.cli.progress import waiting
    from genbench.runs import session

    names = session.Options.__dataclass_fields__
    chosen = session.Options(**{name: getattr(options, name) for name in names})
    with Supervisor() as supervisor:
        with waiting(sys.stderr, "starting torch and reading what is installed"):
            catalogue = session.catalogue_of(chosen, supervisor)
        _print_faults(catalogue)
        plan = session.plan_of(chosen, catalogue)
        if options.dry_run:
            jobs = session.jobs_of(chosen, plan, session.probed(chosen, supervisor))
            return _print_plan(plan, session.run_folder(chosen, plan), jobs, options.json)
        if options.debug:
            from genbench.execution.in_process import InProcess

            first = min(plan.trials, key=lambda trial: trial.model.control)
            plan = replace(plan, trials=(first,))
            chosen = replace(chosen, jobs=1)
            return _executed(plan, chosen, InProcess(), options)
        return _executed(plan, chosen, supervisor, options)


def _executed(plan: Any, chosen: Any, supervisor: Supervisor, options: Namespace) -> int:
    from genbench.cli.progress import progress
    from genbench.cli.summary import summary
    from genbench.runs import session
    from genbench.runs.conductor import Interrupted

    try:
        with progress(sys.stderr, session.run_folder(chosen, plan), live=not options.debug) as listener:
            finished = session.execute(plan, chosen, supervisor, listener)
    except Interrupted:
        again = shlex.join(["genbench", *sys.argv[1:]])
        print(f"\ninterrupted; what has finished is kept. This goes on from it:\n  {again}", file=sys.stderr)
        return INTERRUPTED
    for damage in finished.damaged:
        print(f"genbench: {damage}", file=sys.stderr)
    if options.json:
        _print_json(finished.board.to_json())
    else:
        summary(finished)
    return FAILED if finished.failed else OK


def prepare_command(options: Namespace) -> int:
    """`genbench prepare NAME`."""
    from genbench.runs.preparation import fetched

    with Supervisor() as supervisor:
        catalogue = catalogues.read(supervisor, retry=True)
        facts = fetched(options.name, options.data_root, catalogue, supervisor)
    rows = ", ".join(f"{name} {count:,}" for name, count in facts.get("rows", {}).items())
    print(f"{options.name} is ready{f' ({rows})' if rows else ''}: sha256 {facts['sha256']}, {facts['path']}")
    return OK


def score_command(options: Namespace) -> int:
    """`genbench score SAMPLES`."""
    from genbench.appraisal import Request, appraised
    from genbench.cli.appraisal import appraisal, progress

    request = Request(**{name: getattr(options, name) for name in Request.__dataclass_fields__})
    with progress(sys.stderr) as listener:
        found = appraised(request, listener)
    for warning in found.warnings:
        print(f"genbench: warning: {warning}", file=sys.stderr)
    if options.json:
        _print_json(found.to_json())
    else:
        appraisal(found)
    return OK


def report_command(options: Namespace) -> int:
    """`genbench report RECORDS --out DIR`."""
    from genbench.leaderboard import Leaderboard, read_records
    from genbench.report import render

    print(render(Leaderboard.of(read_records(options.records)), options.out))
    return OK


def doctor_command(options: Namespace) -> int:
    """`genbench doctor`: exit code 1 where something is missing."""
    from genbench.cli.doctor import examined, finding_table

    with Supervisor() as supervisor:
        findings = examined(supervisor, catalogues.read(supervisor, retry=True))
    if options.json:
        _print_json({finding.name: {"value": finding.value, "trouble": finding.trouble} for finding in findings})
    else:
        finding_table(findings)
    return FAILED if any(finding.trouble for finding in findings) else OK


def _print_plan(plan: Any, root: Any, jobs: int, as_json: bool) -> int:
    from genbench.cli.tables import plan_table
    from genbench.runs.estimate import estimates, wall_seconds

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
