"""Plugins that hide what their training cost are fitted as in a run; what it took is seen from outside."""

from pathlib import Path

import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.catalogue import plugins
from genbench.contracts.job import Call
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.protocol.inputs import SplitFiles, Subject
from genbench.protocol.stages.fit import FIT, FitFacts, FitInputs
from genbench.protocol.stages.judgement import judged
from genbench.records.status import Status
from genbench.store import datasets
from genbench.store.stage_folder import Result

FILE = Path(__file__).with_name("budgets_bent.py")
IMAGES = 40_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded digits, laid down."""
    home = tmp_path_factory.mktemp("digits")
    datasets.write(Digits().splits(), home)
    return home


@pytest.fixture
def fitted(supervisor: Supervisor, home: Path, tmp_path: Path):
    """`fitted(model, …)`: how its fit ended, by the parent's account."""

    def fit(model: str, images: int = IMAGES, seconds_cpu: float | None = None) -> Result[FitFacts]:
        subject = Subject(plugins.loose(str(FILE)), model, model, {}, 0, "digits", "cpu", 1)
        inputs = FitInputs(subject, SplitFiles(str(home), "", ("train", "valid")), images, 600.0, seconds_cpu)
        folder = tmp_path / model
        folder.mkdir()
        outcome = supervisor.run(Call("fit", FIT.runs, folder, codec.encoded(inputs), limit=100))
        return judged(FIT, inputs, outcome, folder, ())

    return fit


def inside(found: Result[FitFacts]) -> float:
    """CPU seconds of its import and of its `fit`."""
    assert found.effort is not None
    return found.effort.cpu - found.effort.beside


def test_what_is_trained_on_rows_of_its_own_is_counted_in_cpu_seconds(fitted):
    bent, honest = fitted("uncounted"), fitted("no-parameters")
    assert (bent.status, bent.facts.images, honest.facts.images) == (Status.OK, 0, IMAGES)
    assert inside(bent) > 1.5 * inside(honest)  # it takes three times as many steps


def test_a_budget_that_a_plugin_stretches_fails_its_fit(fitted):
    found = fitted("stretched")
    assert (found.status, found.reason) == (
        Status.INVALID_EVIDENCE,
        f"fit was handed {3 * IMAGES:,} images, its budget is {IMAGES:,}",
    )


def test_what_trains_while_its_state_is_saved_has_taken_that_beside_its_fit(fitted):
    later, honest = fitted("fit-later"), fitted("no-parameters")
    assert later.effort.beside > inside(honest) / 2 > inside(later)
    assert honest.effort.beside < inside(honest)


def test_learnt_buffers_are_no_parameters(fitted):
    assert fitted("no-parameters").facts.parameters == 0


def test_batches_end_by_cpu_seconds_and_the_fit_with_them(fitted):
    found = fitted("no-parameters", images=10**9, seconds_cpu=1.0)
    assert found.status is Status.OK
    assert 0 < found.facts.images < 10**8
    assert 0.9 < found.effort.cpu < 11.1


def test_cpu_seconds_that_are_spent_outside_of_batches_are_held_against_the_budget(fitted, monkeypatch):
    monkeypatch.setattr("genbench.protocol.stages.fit.SLACK_SECONDS", 0.0)
    found = fitted("uncounted", images=150_000, seconds_cpu=0.5)
    assert found.status is Status.INVALID_EVIDENCE
    assert "CPU seconds, its budget is 0.5, and 0.6 with its slack" in found.reason
