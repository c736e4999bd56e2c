"""What the harness's own models did in one run's folder is found in every other one; a plugin's results never are."""

import os
from pathlib import Path

import pytest
from offered import entry, model
from scripted import Run, Scripted, crashed, ground, scripted, trial

from genbench.catalogue.plugins import MODELS, builtin
from genbench.protocol.stages import steps_of
from genbench.protocol.trial import Trial
from genbench.records.kinds import ControlKind
from genbench.runs.foresight import finished_steps
from genbench.store import spare
from genbench.store.shelf import Shelf

FIT = "fit/checkpoint.safetensors"


@pytest.fixture
def control() -> Trial:
    return Trial(entry(model("copycat", control=ControlKind.COPY), builtin(MODELS)), {}, 0)


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """An empty one."""
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))
    return Shelf("this machine")


def conducted(folder: Path, own: Trial, shelf: Shelf, executor: Scripted | None = None, existing: str = "reuse") -> Run:
    """A run of one trial in a folder of its own; which calls were carried out stands in `run.calls`."""
    executor = executor or Scripted()
    run = Run(ground(folder, [own]), [own], executor, existing=existing, shelf=shelf).conduct()
    run.calls = executor.calls
    return run


def test_a_control_is_run_once_for_all_folders_and_its_files_and_record_are_the_same(
    tmp_path: Path, control: Trial, shelf: Shelf
) -> None:
    first = conducted(tmp_path / "one", control, shelf)
    second = conducted(tmp_path / "another", control, shelf)
    assert first.calls
    assert second.calls == []
    assert second.statuses == first.statuses
    places = [tmp_path / name / "runs/mine/copycat.default.0" for name in ("one", "another")]
    assert [(place / FIT).read_bytes() for place in places] == [b"checkpoint.safetensors of copycat.default.0"] * 2
    assert second.records[0].stages == first.records[0].stages
    assert second.records[0].candidates == first.records[0].candidates


def test_a_plugins_stages_are_run_in_each_folder(tmp_path: Path, shelf: Shelf) -> None:
    theirs = trial("copycat", control=ControlKind.COPY)
    first = conducted(tmp_path / "one", theirs, shelf)
    assert first.calls
    assert conducted(tmp_path / "another", theirs, shelf).calls == first.calls


@pytest.mark.parametrize("other", ["machine", "force", "nowhere"])
def test_another_machine_and_force_and_no_shelf_run_everything(
    tmp_path: Path, control: Trial, shelf: Shelf, other: str
) -> None:
    first = conducted(tmp_path / "one", control, shelf)
    own = {"machine": Shelf("another machine"), "nowhere": None}.get(other, shelf)
    existing = "force" if other == "force" else "reuse"
    assert conducted(tmp_path / "another", control, own, existing=existing).calls == first.calls


def test_what_failed_is_tried_in_each_folder(tmp_path: Path, control: Trial, shelf: Shelf) -> None:
    conducted(tmp_path / "one", control, shelf, Scripted(scripted(("fit", crashed))))
    assert "copycat.default.0/fit" in conducted(tmp_path / "another", control, shelf).calls


def test_a_shelved_file_that_rots_is_named_and_made_again(tmp_path: Path, control: Trial, shelf: Shelf) -> None:
    first = conducted(tmp_path / "one", control, shelf)
    for path in (tmp_path / "cache").rglob("checkpoint.safetensors"):
        path.unlink()
        path.write_text("rotten")
    second = conducted(tmp_path / "another", control, shelf)
    assert second.calls == ["copycat.default.0/fit"]
    assert "is not as it was written" in second.conductor.damaged[0]
    assert second.records[0].candidates == first.records[0].candidates
    assert conducted(tmp_path / "third", control, shelf).calls == []


def test_a_run_that_writes_its_own_folder_leaves_the_shelf_as_it_is(
    tmp_path: Path, control: Trial, shelf: Shelf
) -> None:
    conducted(tmp_path / "one", control, shelf)
    conducted(tmp_path / "one", control, None, Scripted(scripted(("fit", crashed))), existing="force")
    assert conducted(tmp_path / "another", control, shelf).calls == []


def test_a_run_foresees_what_it_will_find_on_the_shelf(tmp_path: Path, control: Trial, shelf: Shelf) -> None:
    conducted(tmp_path / "one", control, shelf)
    stands_on, theirs = ground(tmp_path / "another", [control, trial()]), trial()
    steps = [step for own in (control, theirs) for step in steps_of(own, stands_on.asked)]
    found = finished_steps(stands_on, steps, "reuse", shelf)
    assert found == {step.key for step in steps if step.trial is control}
    assert finished_steps(stands_on, steps, "reuse") == finished_steps(stands_on, steps, "force", shelf) == set()


def test_a_shelf_that_cannot_be_made_stops_nothing(tmp_path: Path, control: Trial, shelf: Shelf) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/stages").write_text("a file")
    assert conducted(tmp_path / "one", control, shelf).calls


def test_a_stage_that_is_taken_counts_as_used_and_one_that_was_removed_is_made_again(
    tmp_path: Path, control: Trial, shelf: Shelf
) -> None:
    first = conducted(tmp_path / "one", control, shelf)
    for calls in ([], first.calls):  # taken, or removed before
        for held in spare.entries():
            os.utime(held.path, (0, 0))
        if calls:
            spare.trim(0)
        assert conducted(tmp_path / f"another {bool(calls)}", control, shelf).calls == calls
        assert min(held.used for held in spare.entries()) > 0
