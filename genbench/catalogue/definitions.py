"""Definitions: what installed metrics and tasks say of themselves, for the pages that explain them."""

import inspect

from genbench.catalogue import parts, plugins
from genbench.report.definition import Definition, Definitions


def definitions() -> Definitions:
    """Of a metric its version, the first paragraph of its docstring and what it does not see; of a task its meaning."""
    installed = plugins.installed(plugins.PARTS)
    metrics = {
        name: Definition(cls.version, first_paragraph(cls.__doc__ or ""), tuple(sorted(cls.blind_to)))
        for name, cls in parts.metrics(installed).classes.items()
    }
    return Definitions(metrics, {name: cls.meaning for name, cls in parts.tasks(installed).classes.items()})


def first_paragraph(docstring: str) -> str:
    """Of a docstring, on one line."""
    return " ".join(inspect.cleandoc(docstring).partition("\n\n")[0].split())
