"""`genbench list`: what is installed, and what is broken and why."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command, add_json, add_plugin

if TYPE_CHECKING:
    from genbench.catalogue import Entry
    from genbench.cli.blocks import Block
    from genbench.contracts.settings import Setting

EXAMPLES = """\
examples:
  genbench list models
  genbench list metrics --json
  genbench list models --plugin mine.py
"""
FACTS: Mapping[str, Sequence[str]] = {  # what stands beside the name of each kind; JSON has every field
    "models": ("family", "distribution"),
    "datasets": ("license", "distribution"),
    "extractors": ("version", "distribution"),
    "metrics": ("axis", "direction", "unit", "distribution"),
    "tasks": ("distribution",),
    "solvers": ("distribution",),
    "suites": ("distribution",),
    "executors": ("distribution",),
}
WORDS: Mapping[str, Sequence[str]] = {  # what stands below it
    "models": ("capabilities", "settings", "samplers"),
    "datasets": ("description",),
    "extractors": ("description", "weights"),
    "metrics": ("description",),
    "tasks": ("description", "needs", "axes", "settings"),
    "solvers": ("description", "lifts", "to", "settings"),
    "suites": ("path",),
    "executors": ("description",),
}
UNTITLED = ("description", "path")  # go without their field's name


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "list", "what is installed, and what is broken and why", EXAMPLES, listed)
    parser.add_argument("kind", choices=tuple(FACTS), nargs="?", default="models", help="default: models")
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
    from genbench.cli.blocks import show

    show([_block(kind, entry) for entry in entries])


def _block(kind: str, entry: "Entry[Any]") -> "Block":
    """What the listing says of an entry. A plugin's words may try to steer the terminal."""
    from genbench.cli.blocks import Block
    from genbench.errors import plain

    fields = entry.to_json()
    if fields.get("samplers") == ["default"]:
        fields["samplers"] = []  # goes without saying
    fields["settings"] = [_setting(setting) for setting in getattr(entry.listing, "settings", ())]
    if kind == "extractors":
        fields["weights"] = f"genbench prepare {entry.name}" if fields["weights"] else ""
    argument = f":{fields['argument']}" if kind == "datasets" and fields["argument"] else ""
    told = {name: plain(_text(fields[name])) for name in (*FACTS[kind], *WORDS[kind])}
    words = (told[name] if name in UNTITLED else f"{name}: {told[name]}" for name in WORDS[kind] if told[name])
    return Block(plain(entry.name + argument), tuple(told[name] for name in FACTS[kind]), tuple(words))


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _setting(setting: "Setting") -> str:
    extent = ""
    if setting.range:
        extent = f" in [{setting.range.low:g}, {setting.range.high:g}]"
    if setting.choices:
        extent = f" of {'|'.join(map(str, setting.choices))}"
    return f"{setting.name}={setting.default}{extent}"
