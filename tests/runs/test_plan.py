"""Plans: which trials a choice of models makes, and in which order the steps of a trial come."""

from pathlib import Path

import pytest
from offered import ANSWER, GENERATE, OWN, PLUGIN, SOURCE, model, setting

from genbench import catalogue as catalogues
from genbench.catalogue import Catalogue
from genbench.catalogue.listings import (
    DatasetListing,
    ExtractorListing,
    Listing,
    MetricListing,
    SolverListing,
    SuiteListing,
    TaskListing,
)
from genbench.errors import GenbenchError
from genbench.protocol.stages import stages_of, steps_of
from genbench.records.kinds import Axis, ControlKind, Direction, Family
from genbench.runs.plan import Plan, asked_of, core_of, find_suite, form_of, planned

TOML = """\
name = "mine"
dataset = "digits"
images = 1000
batch = 20
seeds = 2
extractor = "digits-net"

[tasks.generate]
count = 60
scores = ["fd", "fd@pixels", "throughput"]
axes = {quality = "fd", coverage = "fd@pixels", speed = "throughput"}

[tasks.paths]
ask = "interpolate[frames=5]"
solvers = ["slerp", "noise[steps=3]"]
count = 7
scores = ["fd", "throughput"]
axes = {fidelity = "fd", realism = "fd", speed = "throughput"}
"""
LATENT = ("generate", "density", "encoder", "decoder")


def extractor(name: str) -> ExtractorListing:
    return ExtractorListing(name, SOURCE, "1", "An extractor.")


def metric(name: str, uses_features: bool) -> MetricListing:
    return MetricListing(name, name, Axis.OVERALL, Direction.LOWER, "", SOURCE, "1", "A metric.", uses_features)


def solver(name: str, *lifts: str) -> SolverListing:
    settings = (setting("steps", 10),) if name == "noise" else ()
    return SolverListing(name, SOURCE, "1", "A solver.", lifts, "interpolator", settings)


PARTS = Listing(
    models=(
        model("copycat", family=Family.CONTROL, control=ControlKind.COPY),
        model("jump", family=Family.CONTROL, control=ControlKind.PROBE, capabilities=("interpolator",), samplers=()),
        model("unasked", family=Family.CONTROL, control=ControlKind.PROBE),
    ),
    datasets=(
        DatasetListing("digits", SOURCE, "CC0", "Digits."),
        DatasetListing("folder", SOURCE, "CC0", "A folder.", argument="PATH"),
        DatasetListing("hub", SOURCE, "CC0", "A hub.", argument="NAME"),
    ),
    extractors=(extractor("digits-net"), extractor("pixels")),
    metrics=(metric("fd", True), metric("throughput", False)),
    tasks=(
        TaskListing(
            "generate", SOURCE, "1", "", "generate", ("quality", "coverage", "speed"), GENERATE, (), ("copycat",)
        ),
        TaskListing(
            "interpolate",
            SOURCE,
            "1",
            "",
            "interpolator",
            ("fidelity", "realism", "speed"),
            ANSWER,
            (),
            ("jump",),
            (setting("frames", 9),),
        ),
    ),
    solvers=(solver("slerp", "encoder", "decoder"), solver("noise", "denoiser")),
)


@pytest.fixture
def catalogue():
    """Two installed models, three controls, and the parts that the suite above names."""
    found = Catalogue()
    found.add(OWN, PARTS)
    vae = model("vae", capabilities=LATENT, settings=(setting("hidden", 64),), described_sampler="default")
    ddpm = model("ddpm", samplers=("ddpm", "ddim-25"), capabilities=("generate", "denoiser"))
    found.add(PLUGIN, Listing(models=(vae, ddpm)))
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


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("folder:photos", "folder:{here}/photos"),
        ("folder:../photos", "folder:{here}/../photos"),
        ("folder:/photos", "folder:/photos"),
        ("folder:~/photos", "folder:{home}/photos"),
        ("hub:photos", "hub:photos"),
        ("digits", "digits"),
    ],
)
def test_a_path_in_a_suite_starts_at_the_suites_folder(catalogue, suite_file, monkeypatch, tmp_path, written, meant):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    suite_file.write_text(TOML.replace('dataset = "digits"', f'dataset = "{written}"'))
    for name in (str(suite_file), suite_file.name):
        found = find_suite(name, catalogue).suite.dataset
        assert found == meant.format(here=tmp_path, home=tmp_path / "home")


def told(plan: Plan) -> list[tuple[str, int]]:
    return [(trial.reference, trial.seed) for trial in plan.trials]


CONTROLS = [("copycat", 0), ("jump", 0)]  # those that a task of the suite names


def test_controls_come_first_and_once_and_models_seed_by_seed(plan):
    assert told(plan("vae", "ddpm")) == [*CONTROLS, ("vae", 0), ("ddpm", 0), ("vae", 1), ("ddpm", 1)]


def test_all_takes_every_model_and_keeps_the_settings_of_those_named(plan):
    assert told(plan("vae[hidden=32]", everything=True, seeds=1)) == [*CONTROLS, ("vae[hidden=32]", 0), ("ddpm", 0)]


def test_a_run_may_begin_with_another_seed(suite_file, catalogue):
    wanted = planned(find_suite(str(suite_file), catalogue), catalogue, ["vae"], False, 2, first_seed=5)
    assert told(wanted) == [*CONTROLS, ("vae", 5), ("vae", 6)]


def test_the_seeds_that_were_asked_for_replace_the_suites(plan):
    wanted = plan("vae", seeds=3)
    assert [seed for name, seed in told(wanted) if name == "vae"] == [0, 1, 2]
    assert wanted.suite.seeds == 3


def test_a_model_named_twice_in_different_words_is_one(plan):
    assert told(plan("vae", "vae[hidden=64]", "vae[]", seeds=1)) == [*CONTROLS, ("vae", 0)]


def test_a_control_that_is_named_is_there_once(plan):
    assert told(plan("copycat")) == CONTROLS


def test_no_model_is_a_question(plan):
    with pytest.raises(GenbenchError, match=r"which models\? --all, --core, or -m NAME"):
        plan()


def test_the_core_is_what_the_suite_names(tmp_path: Path, catalogue: Catalogue):
    (tmp_path / "mine.toml").write_text('core = ["ddpm", "vae"]\n' + TOML)
    suite = find_suite(str(tmp_path / "mine.toml"), catalogue).suite
    assert core_of(suite, catalogue) == ("ddpm", "vae")
    del catalogue.models["ddpm"]
    with pytest.raises(GenbenchError, match=r"^ddpm of the core of suite mine: not installed \(pip install"):
        core_of(suite, catalogue)
    (tmp_path / "mine.toml").write_text(TOML)
    with pytest.raises(GenbenchError, match="suite mine names no core; say --all, or -m NAME once or more"):
        core_of(find_suite(str(tmp_path / "mine.toml"), catalogue).suite, catalogue)


def test_all_without_a_plugin_says_how_to_install_one(plan, catalogue):
    for name in ("vae", "ddpm"):
        del catalogue.models[name]
    with pytest.raises(GenbenchError, match="no model plugin is installed: pip install"):
        plan(everything=True)


def test_steps_come_after_what_they_need_and_test_data_after_all_else_that_a_plugin_does(plan):
    wanted = plan("vae", seeds=1)
    steps = {step.name: step for step in steps_of(wanted.trials[-1], wanted.asked)}
    assert list(steps) == [
        "fit",
        "sample/default",
        "audit",
        "stream",
        "answer/paths/slerp",
        "density/first",
        "density/second",
        "score/generate",
        "score/paths",
    ]
    halves = "density/first", "density/second"
    needs = {name: {other.name for other in steps.values() if step.waits_for(other)} for name, step in steps.items()}
    assert needs == {
        "fit": set(),
        "sample/default": {"fit"},
        "audit": {"fit", "sample/default"},
        "answer/paths/slerp": {"fit", "sample/default", "audit"},
        "stream": {"fit", "sample/default", "audit"},
        **{half: {"fit", "sample/default", "audit", "answer/paths/slerp", "stream"} for half in halves},
        "score/generate": {"fit", "sample/default", "audit", *halves},
        "score/paths": {"fit", "answer/paths/slerp"},
    }


def test_no_step_waits_for_another_trials(plan):
    first, second = (steps_of(trial, plan("vae").asked) for trial in plan("vae", seeds=2).trials[-2:])
    assert not [one for one in first for other in second if one.waits_for(other)]


def test_what_is_timed_is_exclusive(plan):
    stages = stages_of(plan("vae").asked)
    assert {stage.name for stage in stages if stage.exclusive} == {"sample", "answer"}


def test_the_stages_of_a_run_are_those_that_its_tasks_list(plan):
    generate, paths = plan("vae").asked
    names = [stage.name for stage in stages_of([generate])]
    assert names == ["fit", "sample", "audit", "stream", "verify", "density", "score"]
    assert [stage.name for stage in stages_of([paths])] == ["fit", "answer", "score"]


def test_a_model_that_is_no_density_has_no_density_step(plan):
    wanted = plan("ddpm", seeds=1)
    names = [step.name for step in steps_of(wanted.trials[-1], wanted.asked)]
    assert names[:3] == ["fit", "sample/ddpm", "sample/ddim-25"]
    assert names[4:] == ["score/generate", "score/paths"]
    assert names[3].startswith("answer/paths/noise-steps-3.")


def test_a_control_answers_the_tasks_that_name_it_alone(plan):
    wanted = plan("vae")
    steps = {trial.reference: [step.name for step in steps_of(trial, wanted.asked)] for trial in wanted.trials[:2]}
    assert steps == {
        "copycat": ["fit", "sample/default", "score/generate"],
        "jump": ["fit", "answer/paths/direct", "score/paths"],
    }


def test_score_names_are_completed_with_the_suites_extractor(catalogue, suite_file):
    terms = find_suite(str(suite_file), catalogue).suite.tasks["generate"]
    assert terms.scores == ("fd@digits-net", "fd@pixels", "throughput")
    assert terms.axes == {"quality": "fd@digits-net", "coverage": "fd@pixels", "speed": "throughput"}


def test_a_suite_is_found_by_the_name_that_a_plugin_gave_it(catalogue, suite_file):
    catalogue.add(OWN, Listing(suites=(SuiteListing("mine", str(suite_file)),)))
    assert find_suite("mine", catalogue) == find_suite(str(suite_file), catalogue)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"digits-net"', '"digit-net"', "no extractor is named 'digit-net'; did you mean 'digits-net'"),
        ('dataset = "digits"', 'dataset = "digit"', "no dataset is named 'digit'; did you mean 'digits'"),
        ('["fd", "fd', '["fdd", "fd', "no metric is named 'fdd'; did you mean 'fd'"),
        ("fd@pixels", "fd@pixel", "no extractor is named 'pixel'; did you mean 'pixels'"),
        ('"throughput"]', '"throughput@pixels"]', "throughput uses no features, so throughput@pixels makes no sense"),
        (', "throughput"]', "]", r"\[tasks.generate\] axes sets quality, coverage, speed, each to one of its scores"),
        ("fidelity =", "quality =", r"\[tasks.paths\] axes sets fidelity, realism, speed, each to one of its scores"),
        ("interpolate[", "interpolat[", "no task is named 'interpolat'; did you mean 'interpolate'"),
        ("frames=5", "frame=5", r"interpolate has no setting 'frame' \(known: frames\)"),
        ('"slerp"', '"slurp"', "no solver is named 'slurp'; did you mean 'slerp'"),
    ],
)
def test_a_suite_that_names_what_is_not_there_is_refused(catalogue, suite_file, old, new, message):
    assert old in TOML
    suite_file.write_text(TOML.replace(old, new))
    with pytest.raises(GenbenchError, match=message):
        asked_of(find_suite(str(suite_file), catalogue).suite, catalogue)


def test_two_tasks_that_both_ask_for_samples_are_refused(catalogue, suite_file):
    first = TOML.partition("[tasks.paths]")[0]
    suite_file.write_text(
        first + first[first.index("[tasks") :].replace("[tasks.generate]", "[tasks.again]\nask = 'generate'")
    )
    with pytest.raises(GenbenchError, match="generate and again both ask for the stage sample"):
        asked_of(find_suite(str(suite_file), catalogue).suite, catalogue)


def test_a_stage_that_no_task_lists_has_no_limit(catalogue, suite_file):
    suite_file.write_text(TOML + "\n[limits]\ntrain = 3\n")
    with pytest.raises(GenbenchError, match=r"\[limits\] and \[typical\] name stages of its tasks .*got 'train'"):
        asked_of(find_suite(str(suite_file), catalogue).suite, catalogue)


def test_the_quick_look_at_each_built_in_suite_can_be_planned(supervisor):
    found = catalogues.read(supervisor)
    for name in ("digits", "mnist", "cifar10"):  # whose parts come with genbench
        quick = form_of(find_suite(name, found).suite, found, quick=True)
        assert "generate" in [asked.name for asked in asked_of(quick, found)]


def test_a_suite_that_is_not_there_is_refused(catalogue):
    with pytest.raises(GenbenchError, match="no suite is named 'digitz'"):
        find_suite("digitz", catalogue)
    with pytest.raises(GenbenchError, match=r"^suite absent\.toml: "):
        find_suite("absent.toml", catalogue)
    assert not Path("absent.toml").exists()
