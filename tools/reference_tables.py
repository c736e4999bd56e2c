"""The pages' tables of what stands in the code: metrics, tasks, suite keys, commands, terms, public names. Markdown.

The site asks for each by its name in TABLES (`docs/conf.py`).
"""

import argparse
import inspect
import os
import pydoc
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import genbench
from genbench import cli
from genbench.builtin.controls import CONTROLS
from genbench.catalogue import parts, plugins
from genbench.catalogue.definitions import first_paragraph
from genbench.catalogue.listings import KINDS
from genbench.contracts import hooks
from genbench.contracts.model import CAPABILITIES
from genbench.files import codec
from genbench.protocol import suite_file as suite_files
from genbench.protocol.suite import Budget, Quick, Suite
from genbench.protocol.tune import Tune
from genbench.records.record import TaskTerms
from genbench.report.task_terms import TASK_TERMS
from genbench.report.terms import TERMS

HANDED = (  # what public names take and give, by its home
    *(
        "appraisal.request.Request",
        "runs.options.Options",
        "runs.listener.RunListener",
        "runs.finished.Finished",
        "records.status.Status",
    ),
    *("appraisal.outcome.Appraisal", "appraisal.listener.AppraisalListener", "geometry.comparison.Comparison"),
    *("contracts.evidence.LogLikelihood", "contracts.training.Stateful"),
    *("contracts.tracking.BoardSummary", "runs.interruption.Interrupted"),
)
GROUPS: Mapping[str, tuple[str, ...]] = {  # of public names, by the homes that they have
    "Run and score": ("runs.session", "appraisal.session", "appraisal.stream"),
    "Models": ("contracts.model", "contracts.answers", "contracts.training", "contracts.settings", "contracts.assets"),
    "Data and features": ("records.space", "contracts.dataset", "contracts.extractor"),
    "Metrics": ("contracts.metric", "contracts.evidence", "records.kinds"),
    "Tasks": ("contracts.task", "contracts.operator"),
    "Hooks and trackers": ("contracts.hooks", "contracts.tracking"),
    "Errors": ("errors",),
}
HOOKIMPL = """```{eval-rst}
.. py:data:: genbench.hookimpl

   The decorator of a plugin's hooks: `@genbench.hookimpl` above `def genbench_models(): return [Mine]`.
```"""
WIDTH = "88"  # columns of a command's help
SUITE_TABLES: Mapping[str, type] = {
    "": Suite,
    "[tasks.NAME]": TaskTerms,
    "[budget]": Budget,
    "[quick]": Quick,
    "[tune]": Tune,
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def builtin(kind: Callable[[Iterable[plugins.Plugin]], parts.Parts[Any]]) -> Mapping[str, Any]:
    """genbench's own classes of a kind, by name."""
    return kind([plugin for plugin in plugins.installed(plugins.PARTS) if plugin.is_builtin]).classes


def metrics() -> str:
    """Every metric: its axis, which way is better, what it says, what it does not see, who says so."""
    rows = [
        (
            f"`{name}`: {cls.title}",
            f"{cls.axis.value}, {cls.direction.value} is better{f', {cls.unit}' if cls.unit else ''}",
            first_paragraph(cls.__doc__ or "")
            + (f" Does not see: {', '.join(sorted(cls.blind_to))}." if cls.blind_to else ""),
            linked(cls.source),
        )
        for name, cls in builtin(parts.metrics).items()
    ]
    return table(("name: column", "axis", "what it says", "source"), rows)


def linked(source: str) -> str:
    """A source whose addresses stand behind their hosts' names, which are shorter."""
    return re.sub(r"https://([^/\s]+)[^\s,;)]*", r"[\1](\g<0>)", source)


def tasks() -> str:
    """Every task: what it asks, which capability answers, its axes, gates and controls."""
    rows = [
        (
            f"`{name}`",
            first_paragraph(cls.__doc__ or ""),
            f"`{capability(cls.needs)}`",
            ", ".join(cls.axes),
            ", ".join(cls.gates) or "–",
            ", ".join(f"`{control}`" for control in cls.controls),
        )
        for name, cls in builtin(parts.tasks).items()
    ]
    return table(("name", "what it asks", "answered by", "axes", "gates", "controls"), rows)


def capability(kind: type) -> str:
    """The name of a capability, as lists and records have it."""
    return next(name for name, own in CAPABILITIES.items() if own is kind)


def described(kind: Callable[[Iterable[plugins.Plugin]], parts.Parts[Any]]) -> Callable[[], str]:
    """A table of the classes of a kind with what each says of itself."""
    return lambda: table(
        ("name", ""), [(f"`{name}`", first_paragraph(cls.__doc__ or "")) for name, cls in builtin(kind).items()]
    )


def controls() -> str:
    """Every control model: what it is on a board for, and what it does."""
    rows = [(f"`{cls.name}`", cls.control.value, first_paragraph(cls.__doc__ or "")) for cls in CONTROLS if cls.control]
    return table(("name", "stands for", "what it does"), rows)


def suites() -> str:
    """Every suite that comes with genbench: its title, data, budget and seeds."""
    from genbench.builtin import genbench_suites

    read = [suite_files.read(path).suite for path in genbench_suites()]
    rows = [
        (f"`{s.name}`", s.title, s.dataset, f"{s.images:,}", str(s.seeds), ", ".join(f"`{task}`" for task in s.tasks))
        for s in read
    ]
    return table(("name", "board", "dataset", "images a fit", "seeds", "tasks"), rows)


def suite_keys() -> str:
    """Every key of a suite's file, with what it is when it is left out."""
    rows = []
    for place, kind in SUITE_TABLES.items():
        form = codec.schema(kind)
        spec = form["$defs"][kind.__name__]
        for key, said in spec["properties"].items():
            left_out = "needed" if key in spec["required"] else _default(said.get("default"))
            rows.append((f"`{key}`", f"`{place}`" if place else "–", said["description"], left_out))
    return table(("key", "table", "what it says", "left out"), rows)


def _default(value: object) -> str:
    return "–" if value in (None, "", [], {}) else f"{value:g}" if isinstance(value, int | float) else str(value)


def hook_rows() -> str:
    """Every hook, with what it returns or is told."""
    names = [f"genbench_{kind}" for kind in KINDS] + sorted(hooks.TRACKING_HOOKS)
    return table(("hook", ""), [(f"`{name}`", first_paragraph(getattr(hooks, name).__doc__)) for name in names])


def commands() -> str:
    """The help of every command, as it prints it."""
    return "\n\n".join(
        f"## `genbench {name}`\n\n````text\n{_help(parser)}````" for name, parser in subparsers(cli.parser()).items()
    )


def _help(parser: argparse.ArgumentParser) -> str:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    try:
        return parser.format_help()
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)


def subparsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parser of each command, by its name."""
    (action,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return action.choices


def glossary() -> str:
    """Every term of a board's page, in alphabetical order."""
    terms = sorted((*TERMS, *TASK_TERMS), key=lambda term: term.title.lower().lstrip("★ "))
    return "\n\n".join(f"{term.title}\n: {term.words}" for term in terms)


def api() -> str:
    """Every public name of `genbench`, with its docstring, under what it is for."""
    names = [name for name in genbench.__all__ if not name.startswith("_")]
    assert {genbench._HOME[name] for name in names} == {home for homes in GROUPS.values() for home in homes}
    found = []
    for group, homes in GROUPS.items():
        own = [name for home in homes for name in names if genbench._HOME[name] == home]
        found += [f"## {group}", *map(_documented, own)]
    return "\n\n".join(found)


def handed() -> str:
    """What the public names take and give, where it lives."""
    return "\n\n".join(_documented(name) for name in HANDED)


def _documented(name: str) -> str:
    if name == "hookimpl":  # a value of pluggy's class, whose docstring is of no use here
        return HOOKIMPL
    item = pydoc.locate(f"genbench.{name}")
    kind = "autoclass" if inspect.isclass(item) else "autofunction" if inspect.isfunction(item) else "autodata"
    options = "\n   :members:" if kind == "autoclass" else ""
    if kind == "autoclass" and item.__bases__ != (object,):
        options += "\n   :show-inheritance:"
    return f"```{{eval-rst}}\n.. {kind}:: genbench.{name}{options}\n```"


TABLES: Mapping[str, Callable[[], str]] = {
    "metrics": metrics,
    "tasks": tasks,
    "solvers": described(parts.solvers),
    "datasets": described(parts.datasets),
    "extractors": described(parts.extractors),
    "executors": described(parts.executors),
    "controls": controls,
    "suites": suites,
    "suite-keys": suite_keys,
    "hooks": hook_rows,
    "commands": commands,
    "glossary": glossary,
    "api": api,
    "handed": handed,
}
