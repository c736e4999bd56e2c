"""Samples without a model get the record that a run's candidate with the same samples has, as far as samples tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny

from genbench.appraisal.laying import lay
from genbench.appraisal.samples import read
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files.atomic import sha256_of
from genbench.files.codec import decoded, encoded
from genbench.leaderboard import boards
from genbench.protocol.inputs import Kept
from genbench.records.record import Record
from genbench.records.status import Status
from genbench.runs import samples as own
from genbench.runs.options import Options
from genbench.runs.session import catalogue_of


@pytest.fixture(scope="module")
def place(plain: tiny.Run, supervisor: Supervisor) -> own.Place:
    """The board of the plain run, for samples."""
    chosen = Options(suite=str(plain.root.parents[1] / "tiny.toml"), device="cpu")
    terms = own.terms_of(chosen, "", catalogue_of(chosen, supervisor))
    return own.place_of(terms, chosen, supervisor)


def scored(source: Path, place: own.Place, supervisor: Supervisor, folder: Path) -> Record:
    samples = read(source, place.data.facts.space)
    file = lay(samples, folder)
    return own.recorded(own.Brought("mine", 2, Kept(str(file), sha256_of(file)), samples.sha256), place, supervisor)


@pytest.fixture(scope="module")
def brought(plain: tiny.Run, place: own.Place, supervisor: Supervisor, tmp_path_factory) -> Record:
    """The record of what the plain run's candidate drew, without the model."""
    (file,) = plain.root.glob("plain.*/sample/*/samples.safetensors")
    return scored(file, place, supervisor, tmp_path_factory.mktemp("brought"))


def test_the_scores_and_the_gate_are_those_of_the_run(plain: tiny.Run, brought: Record):
    run, (found,) = plain.candidate("plain"), brought.candidates
    assert found.status is Status.OK
    known = {name: score for name, score in run.scores.items() if score.extractor}
    assert dict(found.scores) == known
    assert len(known) == 2
    assert found.memorisation is not None
    assert run.memorisation is not None
    assert found.memorisation.status is run.memorisation.status
    # A run's gate looks for a bank in further draws, of which samples alone have none.
    others = [test for test in run.memorisation.tests if test.against != "samples"]
    assert [test for test in found.memorisation.tests if test.against != "samples"] == others
    assert found.exhibits == run.exhibits


def test_it_is_of_the_same_protocol_and_data(plain: tiny.Run, brought: Record):
    run = plain.record("plain")
    assert (brought.protocol, brought.suite, brought.dataset) == (run.protocol, run.suite, run.dataset)
    assert brought.machine == run.machine
    assert brought.seed == 2


def test_nothing_is_said_that_samples_cannot_tell(brought: Record):
    (found,) = brought.candidates
    assert {"throughput", "latency", "bits-per-dim"} == set(found.missing)
    assert all(str(missing).startswith("n/a: samples only: ") for missing in found.missing.values())
    assert (found.timing, found.elapsed, found.likelihood, found.audits) == (None, None, None, None)
    assert brought.model.samples_only
    assert (brought.model.parameters, brought.model.images, brought.model.fit, brought.secret) == (None, None, None, "")
    assert len(found.evidence["samples"]) == 64


def test_it_stands_on_the_board_of_the_run_and_can_be_read_again(plain: tiny.Run, brought: Record):
    again = decoded(Record, encoded(brought), "record")
    assert again == brought
    board = boards([*plain.finished.records, again])["generate"]
    row = next(row for row in board.rows if row.name == "mine")
    assert row.samples_only
    assert row.places["speed"].missing.startswith("n/a: samples only: ")
    assert not next(row for row in board.rows if row.name == "plain").samples_only


def test_copies_of_the_training_data_are_flagged(place: own.Place, supervisor: Supervisor, tmp_path: Path):
    train = np.load(f"{place.data.path}/train.x.npy")[:100]
    np.save(tmp_path / "thief.npy", train)
    (found,) = scored(tmp_path / "thief.npy", place, supervisor, tmp_path).candidates
    assert found.memorisation is not None
    assert found.memorisation.flagged


def test_another_number_of_samples_is_refused(place: own.Place):
    place.terms.check(100)
    words = r"^board tiny/generate is of 100 samples a candidate, got 99; bring as many$"
    with pytest.raises(GenbenchError, match=words):
        place.terms.check(99)


def test_samples_that_are_none_of_the_space_are_refused_by_the_scorer(
    place: own.Place, supervisor: Supervisor, tmp_path: Path
):
    np.save(tmp_path / "x.npy", np.load(f"{place.data.path}/held.x.npy")[:100])
    samples = read(tmp_path / "x.npy", place.data.facts.space)
    file = lay(replace(samples, x=samples.x[:99]), tmp_path)
    brought = own.Brought("mine", 0, Kept(str(file), sha256_of(file)), samples.sha256)
    with pytest.raises(GenbenchError, match=r"^these samples cannot stand on the board: .*expected uint8 \(100,"):
        own.recorded(brought, place, supervisor)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("interpolate", r"^interpolate asks questions, which samples do not answer; take generate$"),
        ("generat", r"^no task is named 'generat'; did you mean 'generate'\?"),
    ],
)
def test_a_task_that_samples_cannot_answer_is_refused(task: str, words: str, supervisor: Supervisor):
    chosen = Options(device="cpu")
    with pytest.raises(GenbenchError, match=words):
        own.terms_of(chosen, task, catalogue_of(chosen, supervisor))
