"""`genbench check` finds nothing in a new model, and each fault of a faulty one, with the line to look at."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from genbench import catalogue
from genbench.cli.check import show, summary
from genbench.conformance import checking
from genbench.conformance.subject import named
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.checks import CheckFinding, CheckReport, CheckReports, CheckStatus, broken, doubtful, ok
from genbench.scaffold.names import names_of
from genbench.scaffold.writing import MODELS, Template, written

OK, FAILED, NOT_APPLICABLE = CheckStatus.OK, CheckStatus.FAILED, CheckStatus.NOT_APPLICABLE
FAULTY = '''
"""A model with a fault of each kind that a short look at it would not show."""

import os

import torch

import genbench


class Faulty(genbench.Model, genbench.Decoder):
    """Noise."""

    name, family, source = "faulty", genbench.Family.BASELINE, "made for the tests"
    latent_dim = 2

    def __init__(self, space, *, waits: bool = False):
        super().__init__()
        if space.levels is None or (waits and space.levels > 2):
            raise genbench.Unsuitable("needs integers")
        self.space = space
        self.register_buffer("salt", torch.zeros(1))

    def fit(self, data):
        if self.space.shape[0] == 3:
            raise RuntimeError("expected one channel")
        self.salt += os.urandom(1)[0] / 256
        self.step = 1

    def sample(self, n, *, labels=None):
        x = torch.randint(self.space.levels, (n, *self.space.shape))
        return (x + getattr(self, "step", 0)) % self.space.levels

    def render(self, z):
        return torch.full((len(z), *self.space.shape), -1.0)


@genbench.hookimpl
def genbench_models():
    return [Faulty]
'''
Checked = Callable[[Path, str], CheckReport]


@pytest.fixture(scope="module")
def checked(supervisor: Supervisor) -> Checked:
    """`checked(file, name)`: the report on a model in a loose file."""

    def report(file: Path, name: str) -> CheckReport:
        offered = catalogue.read(supervisor, [str(file)])
        (subject,) = named(name, offered, loose=True)
        told: list[CheckFinding] = []
        found = checking.checked(subject, offered, supervisor, "cpu", told.append)
        assert found.findings == tuple(told)
        return found

    return report


@pytest.fixture(scope="module")
def sound(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    """Of a new baseline, as `genbench new` writes it."""
    folder = tmp_path_factory.mktemp("sound") / "mine"
    written(Template(MODELS, "baseline"), names_of("mine"), folder)
    return checked(folder / "genbench_mine.py", "mine")


@pytest.fixture(scope="module")
def faulty(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    """Of the faulty model."""
    file = tmp_path_factory.mktemp("faulty") / "faulty.py"
    file.write_text(FAULTY)
    return checked(file, "faulty")


@pytest.fixture(scope="module")
def elsewhere(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    """Of the faulty model with a setting by which it refuses the small board's Space."""
    file = tmp_path_factory.mktemp("elsewhere") / "faulty.py"
    file.write_text(FAULTY)
    return checked(file, "faulty[waits=true]")


def of(report: CheckReport, check: str, what: str = "") -> CheckFinding:
    return next(finding for finding in report.findings if (finding.check, finding.of) == (check, what))


def line(words: str) -> str:
    """Where the faulty model says something."""
    number = next(i for i, text in enumerate(FAULTY.splitlines(), start=1) if words in text)
    return f"faulty.py:{number}"


def test_a_new_model_passes_also_where_warnings_fail(sound: CheckReport):
    assert [finding.said for finding in sound.findings if finding.status not in (OK, NOT_APPLICABLE)] == []
    assert sound.passed(strict=True)


def test_all_that_can_be_tried_was_tried(sound: CheckReport):
    assert {finding.check for finding in sound.findings} == {
        *("listing", "spaces", "fit", "evidence", "learning", "novelty", "task", "time", "reload"),
        *("samples", "seeds", "state", "encoder", "decoder", "latent", "determinism"),
    }
    assert (sound.kind, sound.name, sound.distribution) == ("models", "mine", "genbench_mine.py")


def test_a_space_that_is_not_served_is_refused_by_unsuitable_and_by_nothing_else(faulty: CheckReport):
    assert of(faulty, "spaces", "2, real").status is NOT_APPLICABLE
    colour = of(faulty, "spaces", "3×8×8, 256 levels")
    assert (colour.status, colour.got) == (FAILED, "RuntimeError: expected one channel")
    assert colour.where.endswith(line("raise RuntimeError"))


def test_what_lives_outside_parameters_and_buffers_is_found_lost(faulty: CheckReport):
    assert of(faulty, "reload").status is FAILED
    assert "keep all that sample() needs in parameters and buffers" in of(faulty, "reload").got
    assert of(faulty, "sample", "default").got == of(faulty, "reload").got  # the board's own stage says so too


def test_a_method_that_breaks_its_contract_is_found_at_its_line(faulty: CheckReport):
    found = of(faulty, "decoder")
    assert (found.expected, found.got) == ("render(z) within [0, 16]", "values from -1 to -1")
    assert found.where.endswith(line("def render"))


def test_a_fit_that_no_seed_determines_is_found(faulty: CheckReport):
    assert of(faulty, "determinism").status is FAILED
    assert of(faulty, "determinism").expected == "the same checkpoint of a second fit under the same seed"
    assert not faulty.passed()


def test_a_model_that_refuses_the_boards_space_is_asked_in_one_that_it_serves(elsewhere: CheckReport):
    assert of(elsewhere, "fit").status is NOT_APPLICABLE
    found = of(elsewhere, "decoder", "1×7×5, 2 levels, 2 classes")
    assert (found.status, found.got) == (FAILED, "values from -1 to -1")
    assert not [finding for finding in elsewhere.findings if finding.check == "determinism"]


def test_a_finding_is_one_line_that_says_expected_got_and_where(
    faulty: CheckReport, capsys: pytest.CaptureFixture[str]
):
    show(of(faulty, "decoder"))
    (told,) = capsys.readouterr().out.splitlines()
    assert told.startswith("FAILED   decoder: expected render(z) within [0, 16], got values from -1 to -1; look at /")
    show(of(faulty, "spaces", "2, real"))
    assert capsys.readouterr().out == "n/a      spaces 2, real: refused: needs integers\n"


def test_the_report_says_the_same_as_json(faulty: CheckReport, tmp_path: Path):
    codec.write(tmp_path / "check.json", CheckReports((faulty,)))
    (kept,) = codec.read(CheckReports, tmp_path / "check.json").reports
    assert kept == faulty
    assert json.loads((tmp_path / "check.json").read_text())["reports"][0]["findings"][0]["status"] == "ok"


def report(*findings: CheckFinding) -> CheckReport:
    return CheckReport("models", "mine", "mine.py", "", "0", "1", 3.0, findings)


def test_a_warning_fails_where_the_check_is_strict():
    assert report(ok("fit", "", "ended")).passed(strict=True)
    assert report(doubtful("time", "", "slow")).passed()
    assert not report(doubtful("time", "", "slow")).passed(strict=True)
    assert not report(broken("fit", "", "an end", "none")).passed()


def test_the_summary_counts():
    found = report(ok("fit", "", "ended"), doubtful("time", "", "slow"), broken("fit", "", "an end", "none"))
    assert summary(found) == "mine: 1 ok, 1 warnings, 1 failed, 0 not applicable; 3.0 s"


def test_a_plugin_that_offers_nothing_is_told_why(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found\n")
    offered = catalogue.read(supervisor, [str(tmp_path / "broken.py")])
    (subject,) = named("broken", offered, loose=True)
    (found,) = checking.checked(subject, offered, supervisor, "cpu", lambda finding: None).findings
    assert (found.check, found.status) == ("listing", FAILED)
    assert "nowhere_to_be_found" in found.got


def test_a_name_that_nothing_has_is_refused(supervisor: Supervisor):
    with pytest.raises(GenbenchError, match="no model or part is named 'nothing'"):
        named("nothing", catalogue.read(supervisor))
