"""Who answers a task: by samplers, directly, by solvers, or not at all, and then with the reason."""

from pathlib import Path

import pytest
from offered import entry, model, solver, task

from genbench.errors import GenbenchError
from genbench.protocol import stages
from genbench.protocol.stages import evidence_step, named, stages_of, steps_of
from genbench.protocol.task import answerers, inability
from genbench.protocol.trial import Trial
from genbench.records.kinds import ControlKind

GENERATE = task("generate", controls=("copycat",))
PATHS = task(
    "paths",
    needs="interpolator",
    controls=("jump",),
    solvers=(solver("slerp", "encoder", "decoder"), solver("ddim-slerp[steps=25]", "denoiser")),
)


def trial(name: str = "mine", *capabilities: str, **fields: object) -> Trial:
    return Trial(entry(model(name, capabilities=capabilities or ("generate",), **fields)), {}, 0)


def told(of: Trial, asked=PATHS) -> list[str]:
    return [answerer.sampler for answerer in answerers(of, asked)]


def test_samples_are_asked_of_each_sampler():
    assert told(trial(samplers=("ddpm", "ddim-25")), GENERATE) == ["ddpm", "ddim-25"]


def test_a_solver_lifts_who_has_all_that_it_needs():
    assert told(trial("vae", "generate", "encoder", "decoder")) == ["slerp"]
    assert told(trial("gan", "generate", "decoder")) == []
    assert told(trial("both", "encoder", "decoder", "denoiser")) == ["slerp", "ddim-slerp[steps=25]"]


def test_who_has_the_capability_is_asked_directly_as_well():
    assert told(trial("own", "interpolator", "denoiser")) == ["", "ddim-slerp[steps=25]"]


def test_who_cannot_answer_is_told_why():
    words = inability(trial("gan", "generate", "decoder"), PATHS)
    assert words == (
        "it is no interpolator, nor what a solver here lifts "
        "(slerp lifts encoder + decoder; ddim-slerp[steps=25] lifts denoiser)"
    )
    assert inability(trial("learner", "interpolator", samplers=()), GENERATE) == "it draws no samples"
    assert inability(trial("vae", "encoder", "decoder"), PATHS) is None


def test_a_control_answers_the_tasks_that_name_it_and_is_not_missed_in_others():
    copycat = trial("copycat", "generate", control=ControlKind.COPY)
    assert told(copycat, GENERATE) == ["default"]
    stranger = trial("unasked", "generate", control=ControlKind.PROBE)
    assert told(stranger, GENERATE) == []
    assert inability(stranger, GENERATE) is None


def test_candidates_are_named_by_reference_and_solver():
    own = trial("own", "interpolator", "denoiser", samplers=())
    assert [own.candidate(name) for name in told(own)] == ["own", "own/ddim-slerp[steps=25]"]


def test_labels_are_safe_for_folders_and_tell_answers_apart():
    labels = [answerer.label for answerer in answerers(trial("own", "interpolator", "denoiser"), PATHS)]
    assert labels[0].startswith("direct")
    assert labels[1].startswith("ddim-slerp-steps-25.")
    assert not set("".join(labels)) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    hostile = task("paths", needs="interpolator", solvers=(solver("x[a=../../etc]", "denoiser"),))
    (other,) = answerers(trial("ddpm", "denoiser"), hostile)
    assert "/" not in other.label


def test_each_candidate_has_one_step_that_leaves_its_evidence():
    vae = trial("vae", "generate", "encoder", "decoder")
    steps = [evidence_step(vae, answerer) for asked in (GENERATE, PATHS) for answerer in answerers(vae, asked)]
    assert [step.name for step in steps] == ["sample/default", "answer/paths/slerp"]


def test_a_model_that_no_task_can_ask_is_not_even_fitted():
    assert steps_of(trial("gan", "decoder", samplers=()), (GENERATE, PATHS)) == []


def write_stage(folder: Path, name: str, after: str) -> None:
    """A file with a stage of that name, which waits for another one."""
    (folder / f"{name}.py").write_text(
        "from genbench.protocol.stages.sample import SampleFacts\n"
        "from genbench.protocol.stages.stage import Stage, Step\n\n"
        f"{name.upper()} = Stage('{name}', 'theirs:{name}', lambda trial, tasks: [Step({name.upper()}, trial)], None,"
        f" SampleFacts, (), '', (), 1.0, after=('{after}',))\n"
    )


def test_stages_that_wait_for_each_other_in_a_circle_are_named(tmp_path, monkeypatch):
    write_stage(tmp_path, "hen", after="egg")
    write_stage(tmp_path, "egg", after="hen")
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])
    with pytest.raises(GenbenchError, match="that none can be the first: hen after egg; egg after hen"):
        stages_of([task("riddle", stages=("fit", "hen", "egg"))])


def test_a_new_stage_is_one_file_and_a_name_in_a_tasks_list(tmp_path, monkeypatch):
    write_stage(tmp_path, "dream", after="fit")
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])
    dreaming = task("dreams", stages=("dream", "fit", "score"))
    assert [stage.name for stage in stages_of([dreaming])] == ["fit", "dream", "score"]
    assert [step.name for step in steps_of(trial(), [dreaming])] == ["fit", "dream", "score/dreams"]


def test_a_stage_that_is_not_there_is_named():
    with pytest.raises(GenbenchError, match="no stage is named 'smaple'; did you mean 'sample'"):
        named("smaple")
