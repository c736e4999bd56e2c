"""Tables on stdout."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def table(*columns: str, title: str = "") -> Table:
    """An empty table with these heads."""
    return Table(*columns, box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)


def show(filled: Table) -> None:
    """Print a table, as wide as the terminal; a pipe has no width that lines should be broken for."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(1, console.measure(filled, options=console.options.update(width=10_000)).maximum))
    console.print(filled)
