"""`genbench compare`: two boards, before and after, or two candidates of one board."""

import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command, add_json

if TYPE_CHECKING:
    from genbench.leaderboard import Leaderboard
    from genbench.leaderboard.comparison import Comparison

EXAMPLES = """\
examples:
  genbench compare leaderboards/digits/records runs/digits      what has changed since the published records?
  genbench compare before after --only-changed                  exit code 3 where something is worse: for CI
  genbench compare runs/digits --candidates vae/mean gan        is the gan better than the vae?
  genbench compare before after --scores fd,kid --json

Each score of the second is held against the first's: better, worse or not separable (Welch's t test over
training seeds, with moderated variances below five, corrected by Holm over all tests of the command), new
failure, recovered, only in one. Who fails at a seed where it did not, or is flagged now, is a new failure.
Boards of two protocols are refused; speeds of several machines are not compared, nor are scores of several
versions. Controls are left out, unless --candidates names them.
exit codes: 0 nothing is worse, 3 of two boards something is worse or fails anew, 2 wrong usage
"""
USAGE = (
    "compare takes two folders of records, before and after, or one and --candidates FIRST SECOND; got {} folder{}{}; "
    "see genbench compare --help"
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "compare", "what differs between two boards or two candidates", EXAMPLES, compared)
    parser.add_argument(
        "records", type=a_path, nargs="+", metavar="RECORDS", help="a folder of record files, or a run's folder"
    )
    parser.add_argument("--candidates", nargs=2, metavar=("FIRST", "SECOND"), help="two rows of one board")
    parser.add_argument("--task", default="", metavar="NAME", help="one task alone (default: all)")
    parser.add_argument("--scores", default="", metavar="NAME,…", help="others than the axes', FD, bits/dim; or: all")
    parser.add_argument("--only-changed", action="store_true", help="without what is not separable or not compared")
    parser.add_argument("--out", type=a_path, metavar="FILE.html", help="write it as a page, too")
    add_json(parser)


def compared(options: Namespace) -> Exit:
    """Print what differs. Errors name what records say, which may try to steer the terminal."""
    from genbench.errors import GenbenchError, plain

    try:
        return _compared(options)
    except GenbenchError as error:
        raise GenbenchError(plain(str(error))) from error


def _compared(options: Namespace) -> Exit:
    from genbench.leaderboard import comparing

    found = [_boards(folder, options.task) for folder in _folders(options)]
    scores = [name for name in options.scores.split(",") if name]
    if options.candidates:
        first, second = options.candidates
        comparison = comparing.candidates_compared(found[0], first, second, scores)
    else:
        comparison = comparing.compared(found[0], found[1], scores)
    _show(comparison, options)
    if options.out:
        from genbench.report.compare_page import write_comparison

        write_comparison(options.out, comparison, options.only_changed)
    return Exit.UNMET if comparison.regressed and not options.candidates else Exit.OK


def _folders(options: Namespace) -> list[Path]:
    """The folders, as many as it takes.

    Raises:
        GenbenchError: there are fewer or more.
    """
    from genbench.errors import GenbenchError

    count, wanted = len(options.records), 1 if options.candidates else 2
    if count != wanted:
        raise GenbenchError(USAGE.format(count, "s" * (count != 1), " with --candidates" if options.candidates else ""))
    for path in options.records:
        if not path.is_dir():
            way_out = "" if options.candidates else "; candidates go by --candidates FIRST SECOND, after the folder"
            raise GenbenchError(f"{path} is no folder of records{way_out}")
    return list(options.records)


def _boards(folder: Path, task: str) -> "Mapping[str, Leaderboard]":
    from genbench.errors import GenbenchError, unknown
    from genbench.leaderboard import boards
    from genbench.records.files import read_records

    records = read_records(folder)
    if not records:
        raise GenbenchError(f"{folder} holds no record, no *.json and no */record.json; `genbench run` writes them")
    found = boards(records)
    if task and task not in found:
        raise unknown("task", task, found)
    return {task: found[task]} if task else found


def _show(comparison: "Comparison", options: Namespace) -> None:
    from genbench.cli.differences import lines, summary
    from genbench.cli.printing import print_json
    from genbench.files.codec import encoded

    findings = comparison.changed if options.only_changed else comparison.findings
    if options.json:
        counts = {change.value: count for change, count in comparison.counts.items()}
        told = {"before": comparison.first, "after": comparison.second, "notes": list(comparison.notes)}
        more = {"tests": comparison.tests, "regressed": comparison.regressed, "counts": counts}
        print_json(told | more | {"findings": encoded(findings)})
        return
    for line in (*_heads(comparison, options.records), *lines(findings, shutil.get_terminal_size().columns)):
        print(line)
    for line in summary(comparison):
        print(line)


def _heads(comparison: "Comparison", folders: Sequence[Path]) -> Iterator[str]:
    """What is compared with what."""
    from genbench.report.text import visible

    if len(folders) == 1:
        yield visible(f"{comparison.second} against {comparison.first}, in {folders[0]}")
    else:
        yield visible(f"before: {folders[0]}")
        yield visible(f"after:  {folders[1]}")
    yield from map(visible, comparison.notes)
