"""The catalogue: what is on offer is read once in a child process, and what is broken is listed with its reason."""

import os
import textwrap
from pathlib import Path

import pytest

from genbench import catalogue
from genbench.catalogue import KINDS, Catalogue, Entry, plugins
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor

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
    assert not [fault for fault in found.faults if fault.plugin.name == "builtin"]
    assert {name for name, entry in found.entries["models"].items() if entry.control} == {
        "real-held-out",
        "copycat",
        "copycat-noise",
        "partial-copycat",
        "test-copycat",
        "mode-dropper",
        "independent-pixels",
        "noise",
        "mean-image",
    }


def test_a_loose_model_says_what_it_is(supervisor, plugin_file):
    path = plugin_file(offering("listed"))
    entry = catalogue.read(supervisor, [path]).find("models", "listed")
    assert not entry.control
    assert [(s.name, s.type, s.default) for s in entry.settings] == [("hidden", "int", 3)]
    assert {key: entry.to_json()[key] for key in ("family", "samplers", "description", "capabilities", "file")} == {
        "family": "vae",
        "samplers": ["slow", "fast"],
        "description": "A model that is only listed.",
        "capabilities": [],
        "file": path,
    }


def test_the_second_reading_starts_no_process(supervisor, idle, plugin_file):
    path = plugin_file(offering("cached"))
    assert catalogue.read(supervisor, [path]) == catalogue.read(idle, [path])


def test_an_edited_plugin_is_read_anew(supervisor, idle, plugin_file):
    assert "before" in catalogue.read(supervisor, [plugin_file(offering("before"))]).entries["models"]
    path = plugin_file(offering("after"))
    assert "after" not in catalogue.read(idle, [path]).entries["models"]
    assert {"before", "after"} & set(catalogue.read(supervisor, [path]).entries["models"]) == {"after"}


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
    ],
)
def test_a_plugin_that_cannot_be_used_is_listed_with_the_reason(reasons, plugin_file, text, reason):
    (found,) = reasons(plugin_file(text))
    assert found.startswith(reason)


@pytest.mark.parametrize(
    "facts", ["{}", '{"faults": [], "models": [{}]}', '{"faults": 3}', '{"faults": [], "models": 3}']
)
def test_a_plugin_that_forges_its_listing_is_a_fault_and_stops_nobody(reasons, plugin_file, facts):
    assert reasons(
        plugin_file(f"""\
        import os
        from pathlib import Path
        Path("facts.json").write_text({facts!r})
        os._exit(0)
        """)
    )


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


@genbench.hookimpl
def genbench_modles():
    return []


@genbench.hookimpl
def genbench_metrics():
    return []
"""
        + HOOK.format(classes="Good, Loud, Nameless, Abstract, Greedy, 'text', str")
    )
    found = catalogue.read(supervisor, [plugin_file(text)])
    assert "good" in found.entries["models"]
    assert [fault.reason for fault in found.faults if fault.plugin.name == "loose_plugin"] == [
        "no hook is named genbench_modles",
        "genbench_metrics is not called in the entry-point group genbench.models",
        "Loud: Loud's name is 'LOUD'; names are [a-z0-9][a-z0-9._-]*, 64 characters at most",
        "Nameless: Nameless's name is None; names are [a-z0-9][a-z0-9._-]*, 64 characters at most",
        "Abstract: does not implement fit, sample",
        "Greedy: Greedy: settings are named one by one, not with *settings",
        "text: expected a class derived from genbench.Model",
        "str: expected a class derived from genbench.Model",
    ]


def test_a_hook_that_raises_is_named(reasons, plugin_file):
    text = "import genbench\n@genbench.hookimpl\ndef genbench_models():\n    return [1 / 0]"
    assert reasons(plugin_file(text)) == ["genbench_models raised ZeroDivisionError: division by zero"]


def test_a_broken_plugin_leaves_the_others(supervisor, plugin_file):
    broken, whole = plugin_file("raise SystemExit", "broken.py"), plugin_file(offering("whole"), "whole.py")
    found = catalogue.read(supervisor, [broken, whole])
    assert {"whole", "copycat"} <= set(found.entries["models"])
    assert [fault.plugin.name for fault in found.faults if fault.plugin.file] == ["broken"]


def test_a_built_in_name_cannot_be_taken(supervisor, plugin_file):
    path = plugin_file(offering("copycat"))
    found = catalogue.read(supervisor, [path])
    assert found.find("models", "copycat").control
    assert [str(fault) for fault in found.faults if fault.plugin.file] == [
        f"loose_plugin ({path}): the name copycat is taken by genbench; this one is ignored"
    ]


def test_a_failed_import_is_remembered_for_who_lists_and_tried_again_for_who_runs(supervisor, idle, plugin_file, site):
    path = plugin_file(f"weights = open({str(site / 'weights')!r})\n" + offering("patient"))
    assert "patient" not in catalogue.read(supervisor, [path]).entries["models"]
    (fault,) = [fault for fault in catalogue.read(idle, [path]).faults if fault.plugin.file]
    assert "FileNotFoundError" in fault.reason
    (site / "weights").touch()  # among what is installed, which every plugin may read
    assert "patient" in catalogue.read(supervisor, [path], retry=True).entries["models"]
    assert "patient" in catalogue.read(idle, [path]).entries["models"]


def test_a_reading_that_was_interrupted_is_not_kept(supervisor, idle, plugin_file, reasons):
    path = plugin_file(offering("late"))
    assert "late" not in catalogue.read(idle, [path]).entries["models"]
    assert reasons(path) == []


def test_reading_leaves_nothing_but_the_cache(supervisor, plugin_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    catalogue.read(supervisor, [plugin_file(offering("tidy"))])
    assert [name for name in os.listdir(tmp_path) if name != "__pycache__"] == ["loose_plugin.py"]


def entry(name: str) -> dict[str, str]:
    return {"name": name}


@pytest.fixture
def small():
    """A catalogue with two models of one plugin."""
    found = Catalogue()
    found.add(
        Plugin("one", MODELS, "one", "", "dist-one", "1", ""), {"models": map(entry, ("vae", "gan")), "faults": []}
    )
    return found


def test_a_name_that_is_not_there_is_answered_with_the_nearest_and_the_known(small):
    with pytest.raises(GenbenchError, match=r"^no model is named 'vea'; did you mean 'vae'\? \(known: gan, vae\)$"):
        small.find("models", "vea")
    with pytest.raises(GenbenchError, match=r"^no dataset is named 'x' \(known: none\)$"):
        small.find("datasets", "x")


def test_a_name_that_is_not_there_may_be_that_of_a_broken_plugin(small):
    small.add(Plugin("two", MODELS, "two", "", "", "", ""), {"faults": ["cannot be imported"]})
    with pytest.raises(GenbenchError, match="1 plugin fault: see genbench list models"):
        small.find("models", "ddpm")


def test_of_two_plugins_with_one_name_the_first_keeps_it(small):
    late = Plugin("late", MODELS, "", str(Path("late.py")), "", "", "")
    small.add(late, {"models": [entry("vae"), entry("flow")], "faults": []})
    assert small.find("models", "vae").plugin.name == "one"
    assert small.find("models", "flow") == Entry(late, entry("flow"))
    assert [fault.reason for fault in small.faults] == ["the name vae is taken by dist-one; this one is ignored"]


def test_only_genbenchs_own_control_models_are_controls():
    fields = {"name": "mine", "family": "control"}
    assert Entry(plugins.builtin(MODELS), fields).control
    assert not Entry(Plugin("late", MODELS, "late", "", "", "", ""), fields).control
