"""`genbench list`: what is installed, and what is broken and why."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command, add_json, add_plugin

if TYPE_CHECKING:
    from genbench.catalogue import Entry
    from genbench.contracts.settings import Setting

EXAMPLES = """\
examples:
  genbench list models
  genbench list metrics --json
  genbench list models --plugin mine.py
"""
COLUMNS: Mapping[str, Sequence[str]] = {  # of the table of each kind; JSON has every field
    "models": ("name", "family", "capabilities", "settings", "samplers", "distribution"),
    "datasets": ("name", "license", "description", "distribution"),
    "extractors": ("name", "version", "weights", "description", "distribution"),
    "metrics": ("name", "axis", "direction", "unit", "description", "distribution"),
    "tasks": ("name", "needs", "axes", "settings", "description", "distribution"),
    "solvers": ("name", "lifts", "to", "settings", "description", "distribution"),
    "suites": ("name", "path", "distribution"),
    "executors": ("name", "description", "distribution"),
}


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "list", "what is installed, and what is broken and why", EXAMPLES, listed)
    parser.add_argument("kind", choices=tuple(COLUMNS), nargs="?", default="models", help="default: models")
    add_plugin(parser)
    add_json(parser)


def listed(options: Namespace) -> Exit:
    """Print what is on offer of one kind, and the faults of plugins."""
    from genbench import catalogue as catalogues
    from genbench.cli.printing import print_json, tell_faults
    from genbench.execution.supervisor import Supervisor

    with Supervisor() as supervisor:
        catalogue = catalogues.read(supervisor, options.plugin)
    entries = list(catalogue.entries[options.kind].values())
    if options.json:
        faults = [{"plugin": fault.plugin.name, "reason": fault.reason} for fault in catalogue.faults]
        print_json({options.kind: [entry.to_json() for entry in entries], "faults": faults})
        return Exit.OK
    _show(options.kind, entries)
    tell_faults(catalogue)
    return Exit.OK


def _show(kind: str, entries: "Sequence[Entry[Any]]") -> None:
    from rich.markup import escape

    from genbench.cli.tables import show, table
    from genbench.errors import plain

    rows = table(*COLUMNS[kind])
    for entry in entries:
        rows.add_row(*(escape(plain(cell)) for cell in _cells(kind, entry)))  # a plugin's words may steer a terminal
    show(rows)


def _cells(kind: str, entry: "Entry[Any]") -> list[str]:
    """What the table says of an entry, column by column."""
    fields = entry.to_json()
    if "settings" in COLUMNS[kind]:
        fields["settings"] = [_setting(setting) for setting in entry.listing.settings]
    if kind == "extractors":
        fields["weights"] = f"genbench prepare {entry.name}" if fields["weights"] else "–"
    if kind == "datasets" and fields["argument"]:
        fields["name"] = f"{fields['name']}:{fields['argument']}"
    return [_text(fields[column]) for column in COLUMNS[kind]]


def _text(value: object) -> str:
    return (", ".join(map(str, value)) or "–") if isinstance(value, list | tuple) else str(value)


def _setting(setting: "Setting") -> str:
    extent = ""
    if setting.range:
        extent = f" in [{setting.range.low:g}, {setting.range.high:g}]"
    if setting.choices:
        extent = f" of {'|'.join(map(str, setting.choices))}"
    return f"{setting.name}={setting.default}{extent}"
