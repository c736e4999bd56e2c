"""What the templates' own tests say: they go along with each new distribution, and hold of the template itself."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genbench.scaffold.writing import TEMPLATES


def own_tests() -> Iterator[Callable[[], None]]:
    """Every test of every template."""
    for path in sorted(TEMPLATES.glob("*/test_*.py")):
        module = importlib.import_module(f"genbench.templates.{path.parent.name}.{path.stem}")
        yield from (f for name, f in vars(module).items() if name.startswith("test_") and inspect.isfunction(f))


@pytest.mark.parametrize(
    "test",
    list(own_tests()),
    ids=lambda test: f"{Path(inspect.unwrap(test).__code__.co_filename).stem}-{test.__name__}",
)
def test_a_template_does_what_its_own_test_says(test: Callable[[], None]):
    test()
