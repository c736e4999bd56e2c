"""Plans: which trials a choice of models makes, and in which order the steps of a trial come."""

from pathlib import Path

import pytest

from genbench.catalogue import Catalogue, plugins
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.errors import GenbenchError
from genbench.runs.plan import Plan, find_suite, planned, steps_of

TOML = """\
name = "mine"
dataset = "digits"
images = 1000
count = 60
batch = 20
seeds = 2
extractor = "digits-net"
scores = ["fd", "fd@pixels", "throughput"]
axes = {quality = "fd", coverage = "fd@pixels", speed = "throughput"}
"""


def model(name: str, **fields: object) -> dict[str, object]:
    settings = [{"name": "hidden", "type": "int", "default": 64, "range": None, "choices": None}]
    listed = {"name": name, "family": "vae", "settings": settings, "samplers": ["default"], "capabilities": []}
    return listed | fields


@pytest.fixture
def catalogue():
    """Two installed models, one control, and the parts that the suite above names."""
    found = Catalogue()
    control = model("copycat", family="control", settings=[])
    parts = {
        "extractors": [{"name": "digits-net"}, {"name": "pixels"}],
        "datasets": [{"name": "digits"}],
        "metrics": [{"name": "fd", "uses_features": True}, {"name": "throughput", "uses_features": False}],
    }
    found.add(plugins.builtin(MODELS), {"models": [control], "faults": []})
    found.add(plugins.builtin(plugins.PARTS), {**parts, "faults": []})
    diffusion = model("ddpm", samplers=["ddpm", "ddim-25"], capabilities=["density"])
    found.add(Plugin("a", MODELS, "a", "", "a", "1", ""), {"models": [model("vae"), diffusion], "faults": []})
    return found


@pytest.fixture
def suite_file(tmp_path):
    (tmp_path / "mine.toml").write_text(TOML)
    return tmp_path / "mine.toml"


@pytest.fixture
def plan(catalogue, suite_file):
    """`plan("vae", …, everything=False, seeds=None)`."""

    def make(*models: str, everything: bool = False, seeds: int | None = None) -> Plan:
        return planned(find_suite(str(suite_file), catalogue), catalogue, models, everything, seeds)

    return make


def named(plan: Plan) -> list[tuple[str, int]]:
    return [(trial.reference, trial.seed) for trial in plan.trials]


def test_controls_come_first_and_once_and_models_seed_by_seed(plan):
    assert named(plan("vae", "ddpm")) == [("copycat", 0), ("vae", 0), ("ddpm", 0), ("vae", 1), ("ddpm", 1)]


def test_all_takes_every_model_and_keeps_the_settings_of_those_named(plan):
    assert named(plan("vae[hidden=32]", everything=True, seeds=1)) == [
        ("copycat", 0),
        ("vae[hidden=32]", 0),
        ("ddpm", 0),
    ]


def test_the_seeds_that_were_asked_for_replace_the_suites(plan):
    wanted = plan("vae", seeds=3)
    assert [seed for name, seed in named(wanted) if name == "vae"] == [0, 1, 2]
    assert wanted.suite.seeds == 3


def test_a_model_named_twice_in_different_words_is_one(plan):
    assert named(plan("vae", "vae[hidden=64]", "vae[]", seeds=1)) == [("copycat", 0), ("vae", 0)]


def test_a_control_that_is_named_is_there_once(plan):
    assert named(plan("copycat")) == [("copycat", 0)]


def test_no_model_is_a_question(plan):
    with pytest.raises(GenbenchError, match=r"which models\? --all, or -m NAME"):
        plan()


def test_all_without_a_plugin_says_how_to_install_one(plan, catalogue):
    for name in ("vae", "ddpm"):
        del catalogue.entries["models"][name]
    with pytest.raises(GenbenchError, match="no model plugin is installed: pip install"):
        plan(everything=True)


def test_steps_come_after_what_they_need_and_test_data_after_all_sampling(plan):
    trial = plan("ddpm", seeds=1).trials[-1]
    steps = {step.name: step for step in steps_of(trial)}
    assert list(steps) == ["fit", "sample/ddpm", "sample/ddim-25", "audit", "density", "score"]
    needs = {name: {before.name for before in step.after} for name, step in steps.items()}
    assert needs == {
        "fit": set(),
        "sample/ddpm": {"fit"},
        "sample/ddim-25": {"fit"},
        "audit": {"fit", "sample/ddpm", "sample/ddim-25"},
        "density": {"fit", "sample/ddpm", "sample/ddim-25"},
        "score": {"fit", "sample/ddpm", "sample/ddim-25", "audit", "density"},
    }


def test_sampling_alone_is_exclusive(plan):
    steps = plan("ddpm", "vae").steps
    assert {step.stage for step in steps if step.exclusive} == {"sample"}
    assert all(step.exclusive for step in steps if step.stage == "sample")


def test_a_model_that_is_no_density_has_no_density_step(plan):
    assert [step.name for step in steps_of(plan("vae").trials[-1])] == ["fit", "sample/default", "score"]


def test_score_names_are_completed_with_the_suites_extractor(catalogue, suite_file):
    suite = find_suite(str(suite_file), catalogue)
    assert suite.scores == ("fd@digits-net", "fd@pixels", "throughput")
    assert suite.axes == {"quality": "fd@digits-net", "coverage": "fd@pixels", "speed": "throughput"}


def test_a_suite_is_found_by_the_name_that_a_plugin_gave_it(catalogue, suite_file):
    entry = {"name": "mine", "path": str(suite_file)}
    catalogue.add(Plugin("b", plugins.PARTS, "b", "", "b", "1", ""), {"suites": [entry], "faults": []})
    assert find_suite("mine", catalogue) == find_suite(str(suite_file), catalogue)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"digits-net"', '"digit-net"', "no extractor is named 'digit-net'; did you mean 'digits-net'"),
        ('dataset = "digits"', 'dataset = "digit"', "no dataset is named 'digit'; did you mean 'digits'"),
        ('["fd", ', '["fdd", ', "no metric is named 'fdd'; did you mean 'fd'"),
        ("fd@pixels", "fd@pixel", "no extractor is named 'pixel'; did you mean 'pixels'"),
        ('"throughput"]', '"throughput@pixels"]', "throughput uses no features, so throughput@pixels makes no sense"),
        (', "throughput"]', "]", r"\[axes\] names throughput, which is not among its scores"),
    ],
)
def test_a_suite_that_names_what_is_not_there_is_refused(catalogue, suite_file, old, new, message):
    assert old in TOML
    suite_file.write_text(TOML.replace(old, new))
    with pytest.raises(GenbenchError, match=message):
        find_suite(str(suite_file), catalogue)


def test_a_suite_that_is_not_there_is_refused(catalogue):
    with pytest.raises(GenbenchError, match="no suite is named 'digitz'"):
        find_suite("digitz", catalogue)
    with pytest.raises(GenbenchError, match=r"^suite absent\.toml: "):
        find_suite("absent.toml", catalogue)
    assert not Path("absent.toml").exists()
