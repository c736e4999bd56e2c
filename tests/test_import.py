"""Starting up is light, only the command line prints, and nothing is ever unpickled."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genbench import catalogue

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "numpy", "scipy", "pandas", "safetensors", "PIL", "jinja2")
SOURCES = sorted((ROOT / "genbench").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
PROGRAM = ROOT / "genbench" / "execution" / "__main__.py"  # `python -m genbench.execution`, for machines, not people
PRINTING = {*(ROOT / "genbench" / "cli").glob("*.py"), PROGRAM}


def loaded_after(code: str) -> list[str]:
    """The heavy libraries that a fresh interpreter has loaded after running `code`, whatever else it printed."""
    program = f"import json, sys\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(output.stdout.splitlines()[-1])


def test_import_genbench_loads_no_heavy_library():
    assert loaded_after("import genbench") == []


def test_the_help_loads_no_heavy_library():
    assert (
        loaded_after("""
from genbench.cli import main
try:
    main(["run", "--help"])
except SystemExit as end:
    assert end.code == 0
""")
        == []
    )


def test_features_are_scored_on_the_cpu_with_numpy_alone(tmp_path):
    for seed, name in enumerate(("generated", "real")):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(seed).standard_normal((40, 3), dtype=np.float32))
    command = ["score", "--features", str(tmp_path / "generated.npy"), "--reference", str(tmp_path / "real.npy")]
    assert loaded_after(f"from genbench.cli import main\nassert main({command!r}) == 0") == ["numpy"]


def test_a_part_plugin_of_this_repository_is_imported_without_torch():
    assert loaded_after("import genbench_efficientnet_lite0") == []


@pytest.mark.parametrize("arguments", [["list", "models"], ["list", "metrics", "--json"]])
def test_a_listing_that_is_cached_loads_no_heavy_library(supervisor, arguments):
    catalogue.read(supervisor)
    assert loaded_after(f"from genbench.cli import main\nassert main({arguments!r}) == 0") == []


def test_every_public_name_can_be_imported_and_dir_lists_it():
    import genbench

    for name in genbench.__all__:
        assert getattr(genbench, name) is not None
    assert set(genbench.__all__) <= set(dir(genbench))
    with pytest.raises(AttributeError, match="module 'genbench' has no attribute 'Modle'"):
        _ = genbench.Modle


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", [path for path in SOURCES if path not in PRINTING], ids=relative)
def test_only_the_command_line_prints(path):
    written = [ast.unparse(call.func) for call in calls(path)]
    assert not {"print", "sys.stdout.write", "sys.stderr.write"} & set(written)


@pytest.mark.parametrize("path", SOURCES + PLUGINS, ids=relative)
def test_nothing_is_unpickled(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not names & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    loads = [call for call in calls(path) if ast.unparse(call.func) == "torch.load"]
    assert all("weights_only=True" in map(ast.unparse, call.keywords) for call in loads)
    keywords = [keyword for call in calls(path) for keyword in call.keywords if keyword.arg == "allow_pickle"]
    assert all(ast.unparse(keyword.value) == "False" for keyword in keywords)
