"""`genbench export`: boards in the forms that other programs read."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command
from genbench.errors import GenbenchError, unknown

if TYPE_CHECKING:
    from genbench.leaderboard import Leaderboard

Boards = Mapping[str, "Leaderboard"]
Files = Mapping[Path, bytes]
SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "latex": ".tex", "sqlite": ".db"}  # of files
FOLDERS = ("eee",)  # what is a folder of files
OPTIONS = {"columns": "latex", "organization": "eee", "hub_dataset": "eee"}  # option → the only form that it is of
EXAMPLES = """\
examples:
  genbench export leaderboards/digits/records --format csv -o boards/      a file a task
  genbench export runs/digits --format parquet -o all.parquet --task generate
  genbench export runs/digits --format sqlite -o board.db                  all of it; then: datasette board.db
  genbench export runs/digits --format latex -o table.tex --columns quality,coverage,speed,kid
  genbench export runs/digits --format eee -o submission --organization "A Lab"  Every Eval Ever's JSON, schema 0.3
  genbench export runs/digits --format eee -o submission --hub-dataset a-lab/digits-benchmark

csv and parquet (pip install 'genbench[parquet]') hold the frame of a board: a row a candidate, numbers unrounded. In
csv a text that a spreadsheet could take for a formula begins with an apostrophe. sqlite holds every record, score,
place and failure with keys and views. latex is a table with booktabs: mean ± half a 95 % interval, bold only where a
value is significantly better than each other one. eee leaves out controls and what a gate bars; with --hub-dataset it
writes .eval_results for model repositories of Hugging Face too, whose benchmark's eval.yaml has to call its tasks
TASK.SCORE, as generate.fd-digits-net.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands, "export", "boards as csv, Parquet, SQLite, LaTeX, Every Eval Ever", EXAMPLES, exported
    )
    parser.add_argument("records", type=a_path, help="a folder of record files, or a run's folder")
    parser.add_argument("--format", required=True, choices=[*SUFFIXES, *FOLDERS], help="the form")
    where = "a file, or a folder for a file a task (eee: a folder)"
    parser.add_argument("-o", "--out", type=a_path, required=True, metavar="FILE_OR_DIR", help=where)
    parser.add_argument("--task", default="", help="only this task's board (default: all; in one file the first)")
    parser.add_argument("--columns", default="", metavar="NAME,…", help="latex: axes and scores (default: the page's)")
    parser.add_argument("--organization", default="", metavar="NAME", help="eee: who provides the results")
    parser.add_argument("--hub-dataset", default="", metavar="OWNER/NAME", help="eee: the benchmark on the Hub")


def exported(options: Namespace) -> Exit:
    """Write the files, and say where they are."""
    from genbench.files.atomic import write_bytes
    from genbench.store.run_folder import check_writable

    _check(options)
    files = _files(options, _boards(options))
    check_writable(options.out if options.format in FOLDERS else next(iter(files)).parent)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    print(f"{options.out}: {len(files)} files" if options.format in FOLDERS else "\n".join(map(str, files)))
    return Exit.OK


def _check(options: Namespace) -> None:
    """Refuse an option of another form before any record is read.

    Raises:
        GenbenchError: there is one, or one that is no name.
    """
    for name, form in OPTIONS.items():
        if getattr(options, name) and options.format != form:
            raise GenbenchError(f"--{name.replace('_', '-')} goes with --format {form}, got {options.format}")
    owner, _, name = options.hub_dataset.partition("/")
    if options.hub_dataset and not (owner and name and all(c.isalnum() or c in "-_." for c in owner + name)):
        raise GenbenchError(f"--hub-dataset takes OWNER/NAME, got {options.hub_dataset!r}")


def _boards(options: Namespace) -> Boards:
    from genbench.leaderboard import boards
    from genbench.leaderboard.references import beside
    from genbench.records.files import read_records

    records = read_records(options.records)
    if not records:
        raise GenbenchError(
            f"{options.records} holds no record, no *.json and no */record.json; genbench run writes them"
        )
    found = boards(records, beside(options.records))
    if options.task and options.task not in found:
        raise unknown("task", options.task, found)
    return {options.task: found[options.task]} if options.task else found


def _files(options: Namespace, boards: Boards) -> Files:
    from genbench.cli.printing import tell
    from genbench.errors import plain
    from genbench.export.places import place_name

    if options.format == "eee":
        return _submission(options, boards)
    if options.format == "sqlite":
        from genbench.export import sqlite

        name = f"{next(iter(boards.values())).suite.name}.db"
        return {options.out / place_name(name) if options.out.is_dir() else options.out: sqlite.content(boards)}
    content = _content(options)
    suffix = SUFFIXES[options.format]
    if options.out.suffix.lower() != suffix or options.out.is_dir():
        return {options.out / f"{place_name(task)}{suffix}": content(board) for task, board in boards.items()}
    (_, board), *others = boards.items()
    if others:
        names = ", ".join(task for task, _ in others)
        kept = f"{options.out} holds the board of {plain(board.task)} alone"
        tell(f"{kept}, not {plain(names)}: name a folder, or say --task")
    return {options.out: content(board)}


def _content(options: Namespace) -> "Callable[[Leaderboard], bytes]":
    """What makes the file of a board."""
    from genbench.export import csv, latex, parquet

    columns = [name.strip() for name in options.columns.split(",") if name.strip()]
    return {"csv": csv.content, "parquet": parquet.content}.get(options.format, partial(latex.content, columns=columns))


def _submission(options: Namespace, boards: Boards) -> Files:
    """The files of Every Eval Ever, and those of model repositories."""
    from genbench.cli.printing import tell
    from genbench.errors import plain
    from genbench.export import eee, eval_results

    if options.out.exists() and not options.out.is_dir():
        raise GenbenchError(f"{options.out} is a file, and --format eee writes a folder; name another place")
    found: dict[str, bytes] = {}
    for board in boards.values():
        found |= eee.files(board, options.organization)
        found |= eval_results.files(board, options.hub_dataset) if options.hub_dataset else {}
    for words in _left_out(boards):
        tell(plain(words))
    if not found:
        raise GenbenchError("no candidate has a score that ranks, so there is nothing to submit; see genbench report")
    return {options.out / path: data for path, data in found.items()}


def _left_out(boards: Boards) -> Iterator[str]:
    for board in boards.values():
        for row in board.rows:
            if row.ok and row.bar:
                yield f"left out of {board.task}: {row.name}: {row.bar}"
