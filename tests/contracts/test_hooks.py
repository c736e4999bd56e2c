"""Hooks: everything that a plugin can add is declared, explained, and documented for its author."""

import inspect
from pathlib import Path

import pytest

from genbench.catalogue import KINDS
from genbench.contracts import hooks

README = Path(__file__).parents[2] / "plugins" / "README.md"
HOOKS = {name: hook for name, hook in vars(hooks).items() if name.startswith("genbench_")}


def test_each_kind_of_the_catalogue_has_a_hook():
    assert {f"genbench_{kind}" for kind in KINDS} == set(HOOKS) - hooks.TRACKING_HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_a_specification_with_a_sentence_that_names_its_entry_point_group(name):
    assert hasattr(HOOKS[name], f"{hooks.PROJECT}_spec")
    group = "genbench.models" if name in hooks.MODEL_HOOKS else "genbench.parts"
    assert f"Group `{group}`" in inspect.getdoc(HOOKS[name])


@pytest.mark.parametrize("name", HOOKS)
def test_the_guide_for_plugin_authors_mentions_every_hook(name):
    assert name in README.read_text(encoding="utf-8")
