"""Definitions: what installed metrics say of themselves, for the pages that explain their columns."""

import inspect

from genbench.catalogue import parts, plugins
from genbench.report.definition import Definition


def definitions() -> dict[str, Definition]:
    """By the metric's name its version, the first paragraph of its docstring, and what it does not see."""
    classes = parts.metrics(plugins.installed(plugins.PARTS)).classes
    return {
        name: Definition(cls.version, first_paragraph(cls.__doc__ or ""), tuple(sorted(cls.blind_to)))
        for name, cls in classes.items()
    }


def first_paragraph(docstring: str) -> str:
    """Of a docstring, on one line."""
    return " ".join(inspect.cleandoc(docstring).partition("\n\n")[0].split())
