"""eval_results: a candidate's scores as Hugging Face reads them from a model repository, `.eval_results/*.yaml`.

A score is one of a task of a benchmark, which is a dataset of the Hub with an `eval.yaml`; TASK.SCORE is its id there.

Source: https://huggingface.co/docs/hub/eval-results
"""

import json

from genbench.export.eee import ranked
from genbench.export.places import place_name
from genbench.leaderboard import Column, Leaderboard, Row
from genbench.report.text import clip


def files(board: Leaderboard, dataset: str) -> dict[str, bytes]:
    """Path → file, of each candidate that has a score which ranks.

    Args:
        dataset: the benchmark, OWNER/NAME.
    """
    found = {}
    name = f"{place_name(f'genbench-{board.suite.name}-{board.task}')}.yaml"
    for row in board.rows:
        entries = [_entry(board, row, column, dataset) for column in ranked(board, row)]
        if entries:
            folder = f"{place_name(row.model.distribution)}/{place_name(row.name)}"
            found[f"hub/{folder}/.eval_results/{name}"] = "".join(entries).encode()
    return found


def _entry(board: Leaderboard, row: Row, column: Column, dataset: str) -> str:
    cell = row.cells[column.name]
    seeds = f"mean over {len(cell.values)} training seed{'s' * (len(cell.values) != 1)}"
    spread = "" if cell.half_width is None else f", ± {cell.half_width:.3g} (95 % interval)"
    notes = f"genbench protocol {board.protocol[:12]}, {column.name}, {seeds}{spread}"
    return (
        f"- dataset:\n    id: {_text(dataset)}\n    task_id: {_text(task_id(board.task, column.name))}\n"
        f"  value: {_number(cell.mean or 0.0)}\n  date: {_text(max(result.record.finished for result in row.ok))}\n"
        f"  notes: {_text(notes)}\n"
    )


def task_id(task: str, score: str) -> str:
    """What the benchmark's `eval.yaml` has to call a score: `generate.fd-digits-net`."""
    return f"{place_name(task)}.{place_name(score.replace('@', '-'))}"


def _number(value: float) -> str:
    """The shortest decimals of a number, with the point without which YAML 1.1 reads 1e-07 as text."""
    head, exponent, power = repr(value).partition("e")
    return f"{head if '.' in head else f'{head}.0'}{exponent}{power}"


def _text(words: str) -> str:
    """A double-quoted scalar: JSON's, which YAML reads alike once nothing in it is invisible."""
    return json.dumps(clip(words), ensure_ascii=False)
