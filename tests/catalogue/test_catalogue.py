"""The catalogue: what is on offer is read once in a child process, and what is broken is listed with its reason."""

import json
import os
import textwrap

import pytest

from genbench import catalogue
from genbench.catalogue import KINDS, Catalogue, Entry, Fault, plugins
from genbench.catalogue.listings import Listing, ModelListing, SuiteListing
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.records.kinds import ControlKind, Family

MODEL = """\
import genbench


class {cls}(genbench.Model):
    \"\"\"A model that is only listed.\"\"\"

    name = {name!r}
    family = genbench.Family.VAE
    source = "nobody 2026"
    samplers = {{"slow": {{}}, "fast": {{}}}}

    def __init__(self, space: genbench.Space, *, hidden: int = 3) -> None:
        super().__init__()

    def fit(self, data):
        pass

    def sample(self, n, *, labels=None):
        pass
"""
HOOK = """
@genbench.hookimpl
def genbench_models():
    return [{classes}]
"""

HOOK_ALONE = """\
import genbench


@genbench.hookimpl
def genbench_models():
    {body}
"""


def offering(name: str, cls: str = "Listed") -> str:
    return MODEL.format(cls=cls, name=name) + HOOK.format(classes=cls)


@pytest.fixture
def plugin_file(tmp_path):
    """`plugin_file(text)`: the path of a loose plugin with this text."""

    def write(text: str, name: str = "loose_plugin.py") -> str:
        (tmp_path / name).write_text(textwrap.dedent(text))
        return str(tmp_path / name)

    return write


@pytest.fixture
def reasons(supervisor):
    """`reasons(path)`: what the catalogue says is wrong with a loose plugin."""

    def faults(path: str) -> list[str]:
        return [fault.reason for fault in catalogue.read(supervisor, [path]).faults if fault.plugin.file == path]

    return faults


@pytest.fixture
def idle():
    """A supervisor that was stopped: it can start no process any more."""
    with Supervisor() as stopped:
        stopped.stop()
        yield stopped


def test_the_built_in_parts_and_controls_are_there_without_a_fault(supervisor):
    found = catalogue.read(supervisor)
    assert all(found.entries[kind] for kind in KINDS)
    assert not [fault for fault in found.faults if fault.plugin.is_builtin]
    controls = {name for name, entry in found.models.items() if entry.listing.control}
    assert controls >= {"real-held-out", "copycat", "copycat-noise", "partial-copycat", "test-copycat", "mode-dropper"}
    assert controls >= {"independent-pixels", "noise", "mean-image"}
    assert controls == {name for name, entry in found.models.items() if entry.listing.family is Family.CONTROL}


def test_a_loose_model_says_what_it_is(supervisor, plugin_file):
    path = plugin_file(offering("listed"))
    entry = catalogue.read(supervisor, [path]).model("listed")
    assert [(s.name, s.type, s.default) for s in entry.listing.settings] == [("hidden", "int", 3)]
    assert entry.listing.capabilities == ("generate",)
    assert json.loads(json.dumps(entry.to_json())) == {
        "distribution": "",
        "version": "",
        "file": path,
        "name": "listed",
        "family": "vae",
        "source": "nobody 2026",
        "description": "A model that is only listed.",
        "capabilities": ["generate"],
        "settings": [{"name": "hidden", "type": "int", "default": 3, "range": None, "choices": None}],
        "samplers": ["slow", "fast"],
        "described_sampler": "",
        "assets": [],
        "needs": [],
        "control": None,
    }


def test_the_second_reading_starts_no_process(supervisor, idle, plugin_file):
    path = plugin_file(offering("cached"))
    assert catalogue.read(supervisor, [path]) == catalogue.read(idle, [path])


def test_an_edited_plugin_is_read_anew(supervisor, idle, plugin_file):
    assert "before" in catalogue.read(supervisor, [plugin_file(offering("before"))]).models
    path = plugin_file(offering("after"))
    assert "after" not in catalogue.read(idle, [path]).models
    assert {"before", "after"} & set(catalogue.read(supervisor, [path]).models) == {"after"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('boom')", "cannot be imported: RuntimeError: boom"),
        ("import sys; sys.exit('bye')", "cannot be imported: SystemExit: bye"),
        ("import absent_library", "cannot be imported: ModuleNotFoundError: No module named 'absent_library'"),
        ("def (", "cannot be imported: SyntaxError: invalid syntax"),
        ("import os; os._exit(0)", "cannot be imported: listing exited with code 0 and left no result"),
        ("import os; os.kill(os.getpid(), 11)", "cannot be imported: listing was ended by SIGSEGV"),
        ("x = 3", "implements no hook (did you forget @genbench.hookimpl?)"),
        (HOOK_ALONE.format(body="pass"), "genbench_models returns a list of classes or paths, got nothing"),
        (HOOK_ALONE.format(body="return 'vae'"), "genbench_models returns a list of classes or paths, got 'vae'"),
        (
            HOOK_ALONE.format(body="return genbench.Model"),
            "genbench_models returns a list of classes or paths, got <cl",
        ),
        (HOOK_ALONE.format(body="return [1 / 0]"), "genbench_models raised ZeroDivisionError: division by zero"),
        (HOOK_ALONE.format(body="return []"), "offers no model"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_listed_with_the_reason(reasons, plugin_file, text, reason):
    (found,) = reasons(plugin_file(text))
    assert found.startswith(reason)


FORGED = {  # what a plugin may leave in the place of its listing
    "nothing": "{}",
    "another-type": '{"faults": 3}',
    "a-kind-that-is-none": '{"faults": [], "friends": []}',
    "a-model-without-fields": '{"faults": [], "models": [{}]}',
    "a-list": "[]",
    "no-json": "{",
}


@pytest.mark.parametrize("facts", FORGED.values(), ids=list(FORGED))
def test_a_plugin_that_forges_its_listing_is_a_fault_and_stops_nobody(reasons, plugin_file, facts):
    (found,) = reasons(
        plugin_file(f"""\
        import os
        from pathlib import Path
        Path("facts.json").write_text({facts!r})
        os._exit(0)
        """)
    )
    expected = (
        "its import left something else than a listing",
        "offers no model",
        "cannot be imported: listing exited",
    )
    assert found.startswith(expected)


def test_each_thing_that_is_wrong_is_named_and_the_rest_is_kept(supervisor, plugin_file):
    text = (
        MODEL.format(cls="Good", name="good")
        + MODEL.format(cls="Loud", name="LOUD")
        + """

class Nameless(Good):
    name = None


class Abstract(genbench.Model):
    name = "abstract"


class Greedy(Good):
    name = "greedy"

    def __init__(self, space, **settings):
        super().__init__(space)


class Twin(Good):
    pass


@genbench.hookimpl
def genbench_modles():
    return []


@genbench.hookimpl
def genbench_metrics():
    return []
"""
        + HOOK.format(classes="Good, Loud, Nameless, Abstract, Greedy, Twin, 'text', str")
    )
    found = catalogue.read(supervisor, [plugin_file(text)])
    assert "good" in found.models
    assert [fault.reason for fault in found.faults if fault.plugin.name == "loose_plugin"] == [
        "no hook is named genbench_modles",
        "genbench_metrics is not called in the entry-point group genbench.models",
        "Loud: Loud's name is 'LOUD'; names are [a-z0-9][a-z0-9._-]*, 64 characters at most",
        "Nameless: Nameless's name is None; names are [a-z0-9][a-z0-9._-]*, 64 characters at most",
        "Abstract: does not implement fit of Learner, sample of Model",
        "Greedy: Greedy: settings are named one by one, not with *settings; "
        "the constructor is __init__(self, space, *, settings…)",
        "Twin: the name good is there already; the first counts",
        "'text': expected a class derived from genbench.Model",
        "str: expected a class derived from genbench.Model",
    ]


def test_a_broken_plugin_leaves_the_others(supervisor, plugin_file):
    broken, whole = plugin_file("raise SystemExit", "broken.py"), plugin_file(offering("whole"), "whole.py")
    found = catalogue.read(supervisor, [broken, whole])
    assert {"whole", "copycat"} <= set(found.models)
    assert [fault.plugin.name for fault in found.faults if fault.plugin.file] == ["broken"]


def test_a_built_in_name_cannot_be_taken(supervisor, plugin_file):
    path = plugin_file(offering("copycat"))
    found = catalogue.read(supervisor, [path])
    assert found.model("copycat").plugin.is_builtin
    assert [str(fault) for fault in found.faults if fault.plugin.file] == [
        f"loose_plugin ({path}): the name copycat is taken by genbench; this one is ignored"
    ]


def test_a_file_that_is_named_is_what_runs_though_a_model_of_its_name_is_installed(supervisor, plugin_file, site):
    info = site / "worn-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: worn\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.models]\nworn = worn_model\n")
    (site / "worn_model.py").write_text(offering("worn"))
    try:
        assert catalogue.read(supervisor).model("worn").plugin.distribution == "worn"
        path = plugin_file(offering("worn"), "worn.py")
        found = catalogue.read(supervisor, [path])
    finally:
        (info / "entry_points.txt").unlink()
    assert found.model("worn").plugin.file == path
    assert [str(fault) for fault in found.faults if fault.plugin.distribution == "worn"] == [
        f"worn (worn 1.0): the name worn is taken by {path}; this one is ignored"
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ("[Path(__file__).with_name('lost.toml')]", "lost.toml'), which is none; is it among the package data"),
        (
            "list(Path(__file__).parent.glob('*.toml'))",
            "genbench_suites gives no suite; are they among the package data",
        ),
        ("list((Path(__file__).parent / 'gone').iterdir())", "genbench_suites raised FileNotFoundError"),
    ],
)
def test_a_suite_plugin_without_its_package_data_is_a_fault_with_its_name(supervisor, site, files, words):
    info = site / "suites-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: suites\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\nours = suites_plugin\n")
    hook = f"@genbench.hookimpl\ndef genbench_suites():\n    return {files}\n"
    (site / "suites_plugin.py").write_text(f"from pathlib import Path\nimport genbench\n{hook}")
    try:
        found = catalogue.read(supervisor)
    finally:
        (info / "entry_points.txt").unlink()
    (fault,) = [fault for fault in found.faults if fault.plugin.distribution == "suites"]
    assert str(fault).startswith("ours (suites 1.0): ")
    assert words in fault.reason
    assert "digits" in found.suites


def test_a_failed_import_is_remembered_for_who_lists_and_tried_again_for_who_runs(supervisor, idle, plugin_file, site):
    path = plugin_file(f"weights = open({str(site / 'weights')!r})\n" + offering("patient"))
    assert "patient" not in catalogue.read(supervisor, [path]).models
    (fault,) = [fault for fault in catalogue.read(idle, [path]).faults if fault.plugin.file]
    assert "FileNotFoundError" in fault.reason
    (site / "weights").touch()  # among what is installed, which every plugin may read
    assert "patient" in catalogue.read(supervisor, [path], retry=True).models
    assert "patient" in catalogue.read(idle, [path]).models


def test_a_reading_that_was_interrupted_is_not_kept(supervisor, idle, plugin_file, reasons):
    path = plugin_file(offering("late"))
    assert "late" not in catalogue.read(idle, [path]).models
    assert reasons(path) == []


def test_reading_leaves_nothing_but_the_cache(supervisor, plugin_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    catalogue.read(supervisor, [plugin_file(offering("tidy"))])
    assert [name for name in os.listdir(tmp_path) if name != "__pycache__"] == ["loose_plugin.py"]


def test_genbenchs_own_parts_that_cannot_be_read_are_the_reason_themselves(idle, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "empty"))
    with pytest.raises(GenbenchError, match=r"^genbench's own parts cannot be read: .*the run was stopped$"):
        catalogue.read(idle)


def test_genbenchs_own_parts_have_the_time_that_they_need_and_no_need_of_a_cache(
    supervisor, tmp_path, monkeypatch, plugin_file
):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    (tmp_path / "listings").symlink_to("/proc/self/attr")  # a folder in which nobody can make a file
    found = catalogue.read(supervisor, [plugin_file("import time; time.sleep(600)")], limit=0.5)
    assert "pixels" in found.extractors
    assert [fault.reason for fault in found.faults if fault.plugin.file] == [
        "cannot be imported: listing ran past its limit of 0.5 s"
    ]


def listing(*names: str, **fields: object) -> Listing:
    return Listing(models=tuple(ModelListing(name, Family.VAE, "", "", ("generate",), **fields) for name in names))


def plugin(name: str, **fields: str) -> Plugin:
    return Plugin(**({"name": name, "group": MODELS, "module": name} | dict.fromkeys(OTHERS, "") | fields))


OTHERS = ("file", "distribution", "version", "code")


@pytest.fixture
def small():
    """A catalogue with two models of one plugin."""
    found = Catalogue()
    found.add(plugin("one", distribution="dist-one", version="1"), listing("vae", "gan"))
    return found


def test_a_name_that_is_not_there_is_answered_with_the_nearest_and_the_known(small):
    for asked in (small.model, lambda name: small.find("models", name)):
        with pytest.raises(GenbenchError, match=r"^no model is named 'vea'; did you mean 'vae'\? \(known: gan, vae\)$"):
            asked("vea")
    with pytest.raises(GenbenchError, match=r"^no dataset is named 'x' \(known: none\)$"):
        small.dataset("x")


def test_every_kind_is_found_by_its_name(small):
    for kind in KINDS:
        with pytest.raises(GenbenchError, match=f"^no {kind.removesuffix('s')} is named 'x'"):
            getattr(small, kind.removesuffix("s"))("x")
        assert small.entries[kind] is getattr(small, kind)


def test_a_name_that_is_not_there_may_be_that_of_a_broken_plugin(small):
    small.add(plugin("two"), Listing(faults=("cannot be imported",)))
    with pytest.raises(GenbenchError, match="1 plugin fault: see genbench list models"):
        small.model("ddpm")


def test_a_fault_of_genbench_itself_is_told_before_all_others(small):
    small.faults += [Fault(plugin("two"), "cannot be imported"), Fault(plugins.builtin(plugins.PARTS), "is broken")]
    with pytest.raises(
        GenbenchError, match=r"^no extractor .*; genbench itself is damaged: builtin \(.*\): is broken$"
    ):
        small.extractor("pixels")


def test_of_two_plugins_with_one_name_the_first_keeps_it(small):
    late = plugin("late", module="", file="late.py")
    small.add(late, listing("vae", "flow"))
    assert small.model("vae").plugin.name == "one"
    assert small.model("flow") == Entry(late, listing("flow").models[0])
    assert [fault.reason for fault in small.faults] == ["the name vae is taken by dist-one; this one is ignored"]


def test_what_a_model_plugin_offers_besides_models_is_left():
    found, parts = Catalogue(), Catalogue()
    suite = Listing(suites=(SuiteListing("mine", "/mine.toml"),))
    found.add(plugin("one"), suite)
    parts.add(plugin("two", group=plugins.PARTS), suite)
    assert found == Catalogue()
    assert "mine" in parts.suites
    assert parts.part_plugins == [plugin("two", group=plugins.PARTS)]


def test_only_genbenchs_own_control_models_are_controls(small):
    own = Catalogue()
    own.add(plugins.builtin(MODELS), listing("mine", control=ControlKind.FLOOR))
    assert own.model("mine").listing.control is ControlKind.FLOOR
    elsewhere = plugin("three", module=plugins.BUILTIN, python="/elsewhere/python")
    for stranger in (plugin("two"), elsewhere):
        small.add(stranger, listing(stranger.name, control=ControlKind.FLOOR))
        assert small.model(stranger.name).listing.control is None
