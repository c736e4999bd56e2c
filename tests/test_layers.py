"""The rooms: every import goes down, none goes in a circle, and the parent never imports what a child runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (  # from the ground up: a room imports from itself and from those before it
    *("errors", "version", "seeds", "files", "geometry", "records", "contracts", "execution", "store"),
    *("leaderboard", "report", "catalogue", "builtin", "scoring", "protocol", "appraisal", "runs", "workers"),
    *("conformance", "cli", "genbench", "__main__"),
)


def modules() -> dict[str, Path]:
    """Dotted name → file of each module, without the leading `genbench.`; the package itself is `genbench`."""
    names = {}
    for path in sorted((ROOT / "genbench").rglob("*.py")):
        parts = path.relative_to(ROOT / "genbench").with_suffix("").parts
        names[".".join(part for part in parts if part != "__init__") or "genbench"] = path
    return names


MODULES = modules()


def run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from run_nodes(node)


def imported(path: Path) -> set[str]:
    """The modules of genbench that a file imports, also inside functions."""
    found = set()
    for node in run_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in named if name.removeprefix("genbench.") in MODULES}
            found |= modules or {str(node.module)}
    own = {name for name in found if name == "genbench" or name.startswith("genbench.")}
    return {name.removeprefix("genbench.") for name in own}


IMPORTS = {name: imported(path) - {name} for name, path in MODULES.items()}


def room(module: str) -> str:
    """The room a module is in: its own, or its package's."""
    while module not in ROOMS:
        module, dot, _ = module.rpartition(".")
        assert dot, "a module without a room: give it a place in ROOMS"
    return module


def reached(module: str) -> set[str]:
    """Every module that importing a module may import in its turn."""
    found: set[str] = set()
    waiting = {module}
    while waiting:
        found |= waiting
        waiting = {name for module in waiting for name in IMPORTS[module]} - found
    return found


def test_the_list_of_rooms_names_each_once_and_none_that_is_not_there():
    assert len(set(ROOMS)) == len(ROOMS)
    assert set(ROOMS) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_own_room_and_those_below(module):
    here = ROOMS.index(room(module))
    assert [name for name in IMPORTS[module] if ROOMS.index(room(name)) > here] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_import_goes_in_a_circle(module):
    assert [name for name in IMPORTS[module] if module in reached(name)] == []


@pytest.mark.parametrize("module", ["execution.supervisor", "catalogue", "runs.conductor", "runs.session", "cli"])
def test_the_parent_never_imports_what_only_a_child_runs(module):
    # `--debug` runs stages in the parent on purpose, through genbench.execution.child, which looks them up by name.
    assert not [name for name in reached(module) if name.startswith("workers")]
    assert "store.tensors" not in reached(module)


@pytest.mark.parametrize("module", ["workers.trusted.score", "workers.trusted.data", "workers.trusted.probe"])
def test_what_scores_imports_nothing_that_runs_models(module):
    assert not reached(module) & {"workers.untrusted.fit", "contracts.training", "contracts.model", "builtin.controls"}


def test_stages_that_are_named_are_there():
    from genbench.execution.child import STAGES
    from genbench.execution.forkserver import WARM

    for stage, module in STAGES.items():
        tree = ast.parse(MODULES[module.removeprefix("genbench.")].read_text(encoding="utf-8"))
        assert stage in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(STAGES.values()) <= set(WARM)
