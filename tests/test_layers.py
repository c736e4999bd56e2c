"""The rooms: every import goes down, none goes in a circle, and the parent never imports what a child runs."""

import ast
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from genbench import catalogue
from genbench.catalogue import listings
from genbench.errors import GenbenchError
from genbench.execution.launcher import worker_modules
from genbench.protocol import probing, stages
from genbench.protocol.stages import named, pose, services

ROOT = Path(__file__).parents[1]
ROOMS = (  # from the ground up: a room imports from itself and from those before it
    *("errors", "version", "seeds", "files", "geometry", "records", "contracts", "execution", "store"),
    *("leaderboard", "report", "export", "catalogue", "builtin", "scoring", "protocol", "appraisal", "runs"),
    "tuning",
    *("submission", "workers", "conformance", "scaffold", "cli", "genbench", "__main__", "templates"),
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


@cache
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


def of_rooms(*rooms: str) -> list[str]:
    """The modules of these rooms."""
    return [name for name in MODULES if room(name) in rooms]


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) != "workers"])
def test_the_parent_never_imports_what_only_a_child_runs(module):
    # `--debug` runs stages in the parent on purpose, through genbench.execution.child, which looks them up by name.
    assert not [name for name in reached(module) if room(name) == "workers"]


@pytest.mark.parametrize(
    "module",
    [
        *of_rooms("errors", "seeds", "records", "execution", "leaderboard", "report", "export"),
        *of_rooms("catalogue", "protocol", "runs"),
        *(
            f"cli.{name}"
            for name in ("check", "doctor", "export", "listing", "merge", "new", "prepare", "report", "run", "schema")
        ),
        "cli.summary",
    ],
)
def test_what_a_run_imports_in_the_parent_is_free_of_tensors(module):
    assert not {"store.tensors", "store.weights", "store.checkpoints"} & reached(module)


@pytest.mark.parametrize("module", [name for name in of_rooms("workers") if name.startswith("workers.trusted.")])
def test_what_scores_imports_nothing_that_runs_models(module):
    running = {"contracts.training", "contracts.model", "store.checkpoints", "builtin.controls"}
    assert not reached(module) & running
    assert not [name for name in reached(module) if name.startswith("workers.untrusted")]


def stage_names() -> Iterator[str]:
    """The files of `protocol/stages` that hold a stage."""
    for file in pkgutil.iter_modules(stages.__path__):
        try:
            yield named(file.name).name
        except GenbenchError:
            continue


def return_of(function: Callable[..., Any]) -> Any:
    return get_type_hints(function)["return"]


STAGES = tuple(stage_names())
WORK = {  # what a process is told to run → the type of its inputs, and of its facts
    **{(found := named(name)).runs: (return_of(found.inputs), found.facts) for name in STAGES},
    services.PROBE: (services.ProbeInputs, services.Probe),
    services.DATA: (services.DataInputs, services.LaidData),
    services.FETCH: (services.FetchInputs, services.Fetched),
    probing.SPACES: (probing.SpaceInputs, probing.SpaceFacts),
    probing.ABILITIES: (probing.AbilityInputs, probing.Probed),
    **dict.fromkeys(
        (probing.METRIC, probing.DATASET, probing.EXTRACTOR, probing.TASK, probing.SOLVER),
        (probing.PartInputs, probing.Probed),
    ),
    pose.POSE: (pose.PoseInputs, pose.PoseFacts),
    catalogue.LISTS: (listings.ListingInputs, listings.Listing),
    catalogue.DISCOVERS: (listings.DiscoveryInputs, listings.Discovered),
}


def test_there_are_stages():
    assert {"fit", "sample", "audit", "answer", "stream", "density", "score"} <= set(STAGES)


@pytest.mark.parametrize("work", WORK)
def test_what_a_stage_names_is_there_and_takes_and_gives_the_stages_own_types(work):
    module, _, function = work.partition(":")
    hints = get_type_hints(getattr(import_module(module), function))
    assert (hints["inputs"], hints["return"]) == WORK[work]
    assert module in worker_modules()  # a fork server has imported it


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_no_plugin_touches_is_carried_out_in_the_trusted_room_and_the_others_are_not(stage):
    found = named(stage)
    assert found.runs.startswith(f"genbench.workers.{'trusted' if found.trusted else 'untrusted'}.")


WRITTEN = sorted(path for place in ("genbench", "plugins", "tools") for path in (ROOT / place).rglob("*.py"))
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 300, 40, 6


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, FUNCTIONS)]
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_function_takes_more_than_six_parameters(module):
    for node in ast.walk(tree_of(MODULES[module])):
        if isinstance(node, FUNCTIONS):
            every = {arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
            assert len(every - {"self", "cls"}) <= MOST_PARAMETERS, node.name


@pytest.mark.parametrize("path", [*WRITTEN, *sorted((ROOT / "tests").rglob("*.py"))], ids=relative)
def test_the_formatter_has_its_way(path):
    assert not re.search(r"# *fmt: *(off|skip)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_no_module_takes_anothers_private_names(path):
    taken, modules = [], set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            taken += [alias.name for alias in node.names if is_private(alias.name)]
            modules |= {alias.asname or alias.name for alias in node.names if str(node.module).startswith("genbench")}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            taken += [f"{node.value.id}.{node.attr}"] if is_private(node.attr) else []
    assert taken == []


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


FREE = re.compile(r"\b(Mapping|MutableMapping|Dict|dict)\[str, (Any|object)\b")


def names_from(module: str) -> Iterator[tuple[str, str, str]]:
    """What a module takes from genbench: (as it calls it, the module it takes it from, what it is called there)."""
    for node in ast.walk(tree_of(MODULES[module])):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "genbench":
            origin = str(node.module).removeprefix("genbench.")
            yield from ((alias.asname or alias.name, origin, alias.name) for alias in node.names)


OFFERED = {module: {own: (origin, name) for own, origin, name in names_from(module)} for module in MODULES}


def definer(module: str, name: str) -> str:
    """The module that defines what another one offers under this name, be it taken from elsewhere."""
    whole = f"{module}.{name}".removeprefix("genbench.")
    if whole in MODULES or name not in OFFERED.get(module, {}):
        return whole if whole in MODULES else module
    return definer(*OFFERED[module][name])


def shared() -> Iterator[str]:
    """The modules of which a module of another room takes something, itself or through a package."""
    for module in MODULES:
        taken = {definer(origin, name) for origin, name in OFFERED[module].values()} | IMPORTS[module]
        for node in ast.walk(tree_of(MODULES[module])):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                origin, name = OFFERED[module].get(node.value.id, ("", ""))
                taken |= {definer(f"{origin}.{name}".removeprefix("genbench."), node.attr)} & set(MODULES)
        yield from (name for name in taken if room(name) != room(module))


@cache
def aliases(module: str) -> set[str]:
    """The names by which a module itself calls a dictionary of anything."""
    own = set()
    for node in tree_of(MODULES[module]).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and FREE.search(ast.unparse(node.value)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {target.id for target in targets if isinstance(target, ast.Name)}
    return own


def untyped(module: str) -> list[str]:
    """The public functions of a module that take or give a dictionary of anything, under whatever name."""
    found, taken = [], OFFERED[module].items()
    free = aliases(module) | {own for own, (origin, name) in taken if name in aliases(definer(origin, name))}
    for node in ast.walk(tree_of(MODULES[module])):
        if isinstance(node, FUNCTIONS) and not is_private(node.name):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [ast.unparse(a) for a in (*(arg.annotation for arg in every), node.returns) if a is not None]
            words = " ".join(annotations)
            if FREE.search(words) or free & set(re.findall(r"\w+", words)):
                found.append(node.name)
    return found


@pytest.mark.parametrize("module", sorted({name for name in shared() if room(name) != "files"}))
def test_no_dictionary_of_anything_crosses_a_rooms_door(module):
    assert untyped(module) == []


def test_a_dictionary_of_anything_is_seen_where_there_is_one():
    assert "values" in untyped("report.board_page")  # what a template is given stays in the room
    assert "sealed" in untyped("files.plain")
    assert aliases("records.format1") == {"Json"}
    assert {"catalogue.entries", "records", "leaderboard", "contracts.training"} <= set(shared())
