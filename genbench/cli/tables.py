"""What is on offer and what is planned, as tables on stdout."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from genbench.catalogue import Entry
from genbench.cli.figures import duration
from genbench.contracts.settings import Setting
from genbench.runs.estimate import Estimate
from genbench.runs.plan import Plan, steps_of

COLUMNS: Mapping[str, Sequence[str]] = {
    "models": ("name", "family", "capabilities", "settings", "samplers", "distribution"),
    "datasets": ("name", "license", "description", "distribution"),
    "extractors": ("name", "version", "weights", "description", "distribution"),
    "metrics": ("name", "axis", "direction", "unit", "description", "distribution"),
    "suites": ("name", "path", "distribution"),
    "executors": ("name", "description", "distribution"),
}


def table(*columns: str, title: str = "") -> Table:
    """An empty table with these heads."""
    return Table(*columns, box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)


def show(filled: Table) -> None:
    """Print a table, as wide as the terminal; a pipe has no width that lines should be broken for."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(1, console.measure(filled, options=console.options.update(width=10_000)).maximum))
    console.print(filled)


def listing(kind: str, entries: Sequence[Entry]) -> None:
    """What is on offer of one kind."""
    columns = COLUMNS[kind]
    rows = table(*columns)
    for entry in entries:
        fields = entry.to_json()
        if kind == "models":
            fields["settings"] = [_setting(setting) for setting in entry.settings]
        if kind == "extractors":
            fields["weights"] = f"genbench prepare {entry.name}" if fields["weights"] else "–"
        if kind == "datasets" and fields["argument"]:
            fields["name"] = f"{fields['name']}:{fields['argument']}"
        rows.add_row(*(escape(_text(fields[column])) for column in columns))
    show(rows)


def _text(value: object) -> str:
    return (", ".join(map(str, value)) or "–") if isinstance(value, list | tuple) else str(value)


def _setting(setting: Setting) -> str:
    extent = ""
    if setting.range:
        extent = f" in [{setting.range.low:g}, {setting.range.high:g}]"
    if setting.choices:
        extent = f" of {'|'.join(map(str, setting.choices))}"
    return f"{setting.name}={setting.default}{extent}"


def plan_table(plan: Plan, found: Mapping[str, Estimate], seconds: float | None, jobs: int) -> None:
    """What a run would do, and how long it might take."""
    rows = table("model", "seed", "stages", "estimate", "from", title=f"{plan.suite.name}: {plan.suite.title}")
    for trial in plan.trials:
        estimate = found[trial.slug]
        stages = [step.name.replace("/", " ") for step in steps_of(trial)]
        time = "unknown" if estimate.seconds is None else duration(estimate.seconds)
        rows.add_row(escape(trial.reference), str(trial.seed), ", ".join(stages), time, estimate.basis)
    show(rows)
    total = "unknown until a first run has been timed" if seconds is None else f"about {duration(seconds)}"
    print(f"{len(plan.trials)} trials, {jobs} at a time: {total}")
