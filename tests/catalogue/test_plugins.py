"""Discovery: plugins are found without being imported, one that raises stops nobody, and an edit makes another one."""

import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from genbench import builtin
from genbench.catalogue import plugins
from genbench.contracts import hooks
from genbench.errors import GenbenchError
from genbench.files import codec

MODEL = """\
import genbench

@genbench.hookimpl
def genbench_models():
    return ["one", "two"]
"""


@pytest.fixture
def file(tmp_path):
    """`file(text)`, `file(text, name)`: a Python file in a folder of its own."""

    def write(text: str, name: str = "loose_plugin.py") -> Path:
        path = tmp_path / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return write


def test_a_loose_file_is_a_model_plugin_named_as_the_file(file):
    path = file(MODEL)
    plugin = plugins.loose(str(path))
    assert (plugin.name, plugin.group, plugin.file) == ("loose_plugin", plugins.MODELS, str(path))
    assert plugins.load(plugin).of("genbench_models") == ["one", "two"]


def test_a_plugin_survives_json(file):
    plugin = plugins.loose(str(file(MODEL)))
    assert codec.decoded(plugins.Plugin, json.loads(json.dumps(codec.encoded(plugin)))) == plugin


def test_a_plugin_is_its_code_and_reads_its_own_file(file):
    loose = plugins.loose(str(file(MODEL)))
    assert (loose.identity, loose.reads) == (loose.code, (loose.file,))
    assert plugins.builtin(plugins.MODELS).reads == ()
    assert plugins.builtin(plugins.MODELS).is_builtin
    assert not loose.is_builtin


def test_a_relative_path_is_kept_as_an_absolute_one(file, monkeypatch):
    monkeypatch.chdir(file(MODEL).parent)
    assert Path(plugins.loose("loose_plugin.py").file).is_absolute()


def test_a_loose_module_is_found_without_being_imported(file, monkeypatch):
    monkeypatch.syspath_prepend(file("raise SystemExit('imported')", "untouched_module.py").parent)
    plugin = plugins.loose("untouched_module")
    assert (plugin.module, plugin.file) == ("untouched_module", "")
    assert "untouched_module" not in sys.modules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("absent.py", r"--plugin takes a Python file or a module, and absent\.py is not there"),
        ("absent_module", "--plugin takes a Python file or a module, and no module is named 'absent_module'"),
        ("absent_module.inner", "no module is named 'absent_module.inner'"),
        ("", "no module is named ''"),
        ("../up", "no module is named '../up'"),
    ],
)
def test_a_loose_plugin_that_is_not_there_is_refused(text, message):
    with pytest.raises(GenbenchError, match=message):
        plugins.loose(text)


def test_a_folder_that_is_named_as_a_file_is_refused(tmp_path):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(GenbenchError, match="is not there"):
        plugins.loose(str(tmp_path / "folder.py"))


def test_a_loose_file_named_as_a_module_that_is_loaded_takes_nobodys_place(file):
    path = file(MODEL, "json.py")
    assert plugins.load(plugins.loose(str(path))).of("genbench_models") == ["one", "two"]
    assert sys.modules["json"] is json


NAMES = ("json.py", "random.py", "torch.py", "vae.py", "my.model.py", "my-model.py", "my model.py", "class.py", "1.py")
SPAWNING = """
import multiprocessing, pickle, sys
from genbench.catalogue import plugins

if __name__ == "__main__":
    found = plugins.load(plugins.loose(sys.argv[1])).of("genbench_models")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pickle.loads(pickle.dumps(found[0])) == found[0], pool.apply(found[0].twice, (21,)))
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_loose_file_is_what_runs_here_and_in_what_it_spawns_whatever_it_is_called(file, tmp_path, name):
    path = file(
        """\
        import dataclasses
        import genbench

        @dataclasses.dataclass(frozen=True)
        class Config:
            factor: int = 2

            def twice(self, x):
                return self.factor * x

        @genbench.hookimpl
        def genbench_models():
            return [Config()]
        """,
        name,
    )
    (tmp_path / "spawns.py").write_text(SPAWNING)
    command = [sys.executable, str(tmp_path / "spawns.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "True 42\n", done.stderr


def test_a_loose_file_knows_where_it_lies_and_an_edit_is_loaded(file):
    text = MODEL + "\nassert __file__ == {path!r}\nhere = __file__\n"
    path = file("")
    path.write_text(text.format(path=str(path)))
    assert plugins.load(plugins.loose(str(path))).of("genbench_models") == ["one", "two"]
    path.write_text(path.read_text().replace('"one", ', ""))
    assert plugins.load(plugins.loose(str(path))).of("genbench_models") == ["two"]


def test_a_dataclass_in_a_loose_file_finds_its_module(file):
    path = file("""\
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Point:
            x: int = 0
        """)
    assert not plugins.load(plugins.loose(str(path))).known


def test_an_edit_makes_another_plugin_and_its_undoing_the_same_again(file):
    path = file(MODEL)
    before = plugins.loose(str(path))
    path.write_text(MODEL + "# an edit")
    assert plugins.loose(str(path)) == replace(before, code=plugins.loose(str(path)).code)
    assert plugins.loose(str(path)).code != before.code
    path.write_text(MODEL)
    assert plugins.loose(str(path)) == before


@pytest.mark.parametrize(
    ("edit", "another"),
    [
        (lambda package: (package / "layers" / "conv.py").write_text("depth = 4"), True),
        (lambda package: (package / "new.py").write_text(""), True),
        (lambda package: (package / "layers" / "conv.py").rename(package / "conv.py"), True),
        (lambda package: (package / "layers" / "conv.py").unlink(), True),
        (lambda package: (package / "notes.txt").write_text("no code"), False),
    ],
)
def test_every_python_file_of_a_package_is_its_code(file, monkeypatch, edit, another):
    package = file("", "edited_package/__init__.py").parent
    file("depth = 3", "edited_package/layers/conv.py")
    monkeypatch.syspath_prepend(package.parent)
    before = plugins.loose("edited_package.layers").code
    edit(package)
    assert (plugins.loose("edited_package.layers").code != before) is another


@pytest.mark.parametrize("edited", ["genbench_blocks_a.py", "genbench_blocks_b.py"])
def test_what_plugins_share_with_each_other_is_their_code_too(file, monkeypatch, edited: str):
    plugin = file("import torch\nfrom genbench_blocks_a import UNet, absent", "sharing.py")
    file("def lazily():\n    import genbench_blocks_b\n", "genbench_blocks_a.py")
    file("import genbench_blocks_a, sharing", "genbench_blocks_b.py")  # in a circle
    monkeypatch.syspath_prepend(plugin.parent)
    before = plugins.loose(str(plugin)).code
    assert plugins.loose(str(plugin)).code == before
    file("# another one", edited)
    assert plugins.loose(str(plugin)).code != before


def test_a_hook_that_is_misspelt_is_named_and_one_that_is_missing_offers_nothing(file):
    path = file("""\
        import genbench

        @genbench.hookimpl
        def genbench_model():
            return []

        @genbench.hookimpl
        def genbench_metrcs():
            return []

        def genbench_datasets():
            return ["without @hookimpl"]
        """)
    offers = plugins.load(plugins.loose(str(path)))
    assert offers.misspelt == ["genbench_metrcs", "genbench_model"]
    assert offers.known == []
    assert offers.of("genbench_models") == offers.of("genbench_datasets") == []


def test_a_hook_is_told_by_keyword(file):
    path = file("""\
        import genbench
        heard = []

        @genbench.hookimpl
        def genbench_trial_done(record):
            heard.append(record)

        @genbench.hookimpl
        def genbench_datasets():
            return heard
        """)
    offers = plugins.load(plugins.loose(str(path)))
    offers.tell("genbench_trial_done", record={"seed": 3})
    assert offers.of("genbench_datasets") == [{"seed": 3}]
    assert offers.known == ["genbench_datasets", "genbench_trial_done"]


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, SyntaxError])
def test_what_an_import_raises_loading_raises(file, error):
    text = "import = 3" if error is SyntaxError else f"raise {error.__name__}('boom')"
    with pytest.raises(error):
        plugins.load(plugins.loose(str(file(text))))


def test_genbenchs_own_parts_implement_the_hook_of_every_kind():
    own = plugins.load(plugins.builtin(plugins.PARTS))
    kinds = {name for name in vars(hooks) if name.startswith("genbench_")} - hooks.TRACKING_HOOKS
    assert set(own.known) == kinds
    assert own.misspelt == []
    assert all(own.of(hook) for hook in kinds)
    assert own.of("genbench_models") == builtin.genbench_models()


DISCOVERY = """
import json, sys
from genbench.catalogue import plugins
from genbench.files import codec
found = [codec.encoded(plugin) for group in (plugins.MODELS, plugins.PARTS) for plugin in plugins.installed(group)]
print(json.dumps({"found": found, "imported": [m for m in sys.modules if m.startswith("fake_")]}))
"""


def distribution(site: Path, name: str, version: str, entry_points: str) -> None:
    """An installed distribution, as installers leave it."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))


@pytest.fixture
def discovered(tmp_path):
    """`discovered(site)`: what a process with that folder on its path discovers."""

    def discover(site: Path) -> dict[str, list]:
        code = f"import sys; sys.path.insert(0, {str(site)!r})\n{DISCOVERY}"
        output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        return json.loads(output.stdout)

    return discover


def test_entry_points_are_found_by_group_and_not_imported(tmp_path, discovered):
    site = tmp_path / "site"
    distribution(site, "fake-model", "2.5", "[genbench.models]\nzebra = fake_zebra\napple = fake_apple.models\n")
    distribution(site, "fake-parts", "0.1", "[genbench.parts]\nmetrics = fake_metrics\n[console_scripts]\nx = y:z\n")
    (site / "fake_zebra.py").write_text("raise SystemExit('imported')")
    (site / "fake_apple").mkdir()
    (site / "fake_apple" / "__init__.py").write_text("raise SystemExit('imported')")
    answer = discovered(site)
    fakes = [p for p in answer["found"] if p["distribution"].startswith("fake-")]
    assert [(p["name"], p["group"], p["module"], p["distribution"], p["version"]) for p in fakes] == [
        ("apple", "genbench.models", "fake_apple.models", "fake-model", "2.5"),
        ("zebra", "genbench.models", "fake_zebra", "fake-model", "2.5"),
        ("metrics", "genbench.parts", "fake_metrics", "fake-parts", "0.1"),
    ]
    assert answer["imported"] == []
    codes = {p["name"]: p["code"] for p in fakes}
    assert codes["metrics"] == ""  # its module is not there, which is found out when it is imported
    assert len(codes["apple"]) == len(codes["zebra"]) == 64


def test_built_ins_stand_first_in_either_group(tmp_path, discovered):
    distribution(tmp_path / "site", "aaa", "1", "[genbench.models]\naaa = fake_aaa\n[genbench.parts]\naaa = fake_aaa\n")
    found = discovered(tmp_path / "site")["found"]
    for group in (plugins.MODELS, plugins.PARTS):
        names = [plugin["name"] for plugin in found if plugin["group"] == group]
        assert names[0] == "builtin"
        assert names[1:] == sorted(names[1:])
        assert "aaa" in names


def test_a_distribution_that_lies_twice_on_the_path_counts_once_and_the_first_wins(tmp_path, discovered):
    for version in ("1", "2"):
        distribution(tmp_path / "site", "fake-model", version, "[genbench.models]\nx = fake_x\n")
    assert len([p for p in discovered(tmp_path / "site")["found"] if p["distribution"] == "fake-model"]) == 1
