"""Parts held against their contracts: genbench's own and new ones keep them, and each way to break one is found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.catalogue.plugins import PARTS, Plugin, builtin
from genbench.contracts.dataset import SPLITS
from genbench.execution.channel import Markers
from genbench.protocol.inputs import PartChoice, SplitFiles
from genbench.protocol.probing import PartInputs, Probed
from genbench.records.checks import CheckFinding, CheckStatus
from genbench.scaffold.names import names_of
from genbench.scaffold.writing import KINDS, PARTS as ROOM, SUITE, Template, written
from genbench.store import datasets
from genbench.workers.trusted import part_contracts
from genbench.workers.untrusted import asked_parts

FAULTY = '''
"""Parts with a fault each."""

import itertools

import numpy as np
import torch

import genbench

calls = itertools.count()
SPACE = genbench.Space((4,), levels=None)


class Unseeded(genbench.Dataset):
    name, source, license = "unseeded", "made for the tests", "CC0-1.0"

    def splits(self):
        rng = np.random.default_rng(next(calls))
        return genbench.Splits(SPACE, *(genbench.Examples(rng.normal(size=(50, 4)).astype("f4")) for _ in range(4)))


class Shared(genbench.Dataset):
    name, source, license = "shared", "made for the tests", ""

    def splits(self):
        rng = np.random.default_rng(0)
        one, two, three = (genbench.Examples(rng.normal(size=(50, 4)).astype("f4")) for _ in range(3))
        return genbench.Splits(SPACE, one, two, one, three)


class Beside(genbench.Extractor):
    name, source, version, weights_sha256 = "beside", "made for the tests", "1", ""

    def __init__(self, space, device):
        pass

    def features(self, x):
        x = x.flatten(1).float()
        return x - x.mean(0)


class Blurred(genbench.Metric):
    name, title, axis, direction, unit = "blurred", "Blurred", genbench.Axis.OVERALL, genbench.Direction.LOWER, ""
    source, version, uses_features = "made for the tests, 2026", "1", True

    def score(self, evidence):
        return genbench.Score(float(np.random.rand()))


class Drifting(genbench.Task):
    name, version, source, needs = "drifting", "1", "made for the tests", genbench.Decoder
    axes = ("a", "b", "c")

    def pose(self, splits, count, rng):
        return genbench.Exam({"z": np.full((count, 64), float(next(calls)), dtype="f4")})

    def ask(self, able, questions, space):
        return able.render(questions["z"])

    def checked(self, answers, questions, space):
        return np.resize(answers, (len(questions["z"]), 1)) if answers.dtype.kind == "f" else answers


class Nothing(genbench.Solver):
    name, version, source = "nothing", "1", "made for the tests"
    lifts, to = genbench.Latent, genbench.Interpolator

    def lift(self, model, space):
        return object()


class Floats(Nothing):
    name = "floats"

    def lift(self, model, space):
        class Path(genbench.Interpolator):
            def between(self, a, b, n):
                return torch.stack([a.float()] * n, 1)

        return Path()


@genbench.hookimpl
def genbench_datasets():
    return [Unseeded, Shared]


@genbench.hookimpl
def genbench_extractors():
    return [Beside]


@genbench.hookimpl
def genbench_metrics():
    return [Blurred]


@genbench.hookimpl
def genbench_tasks():
    return [Drifting]


@genbench.hookimpl
def genbench_solvers():
    return [Nothing, Floats]
'''
OF_KIND = {
    "metric": part_contracts.metric,
    "dataset": part_contracts.dataset,
    "extractor": part_contracts.extractor,
    "task": asked_parts.task,
    "solver": asked_parts.solver,
}
OWN = {"metric": "fd", "dataset": "digits", "extractor": "digits-net", "task": "interpolate", "solver": "ho-t"}
SETTINGS = {"interpolate": {"frames": 3}, "ho-t": {"steps": 5}}
Tried = Callable[[str, Plugin, str], Probed]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """`tried(kind, plugin, name)`: what the checks of a part find, in this process."""
    home = tmp_path_factory.mktemp("digits")
    laid = datasets.write(Digits().splits(), home)
    data = SplitFiles(str(home), laid.sha256, SPLITS)

    def findings(kind: str, plugin: Plugin, name: str) -> Probed:
        choice = PartChoice(plugin, name, SETTINGS.get(name, {}))
        return OF_KIND[kind](home, PartInputs(choice, (plugin,), data), Markers(lambda marker: ""))

    return findings


def loose(file: Path) -> Plugin:
    return Plugin(file.stem, PARTS, "", str(file), "", "", file.stem)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    file = tmp_path_factory.mktemp("faulty") / "faulty_parts.py"
    file.write_text(FAULTY)
    return loose(file)


def failures(found: Probed) -> list[CheckFinding]:
    return [finding for finding in found.findings if finding.status is CheckStatus.FAILED]


@pytest.mark.parametrize("kind", OF_KIND)
def test_genbenchs_own_parts_keep_their_contracts(tried: Tried, kind: str):
    found = tried(kind, builtin(PARTS), OWN[kind]).findings
    assert {finding.status for finding in found} == {CheckStatus.OK}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != SUITE])
def test_a_new_part_keeps_its_contract(tried: Tried, kind: str, tmp_path: Path):
    written(Template(ROOM, kind), names_of("mine"), tmp_path / "mine")
    found = tried(kind, loose(tmp_path / "mine/genbench_mine.py"), "mine").findings
    assert {finding.status for finding in found} == {CheckStatus.OK}


@pytest.mark.parametrize(
    ("kind", "name", "check", "got"),
    [
        ("dataset", "unseeded", "content", "another hash at the second"),
        ("dataset", "shared", "disjoint", "50 equal rows, 100.0% of the smaller one"),
        ("extractor", "beside", "features", "of their range"),
        ("metric", "blurred", "battery", "draws from a global generator"),
        ("task", "drifting", "exam", "another one: draw from rng alone"),
        ("task", "drifting", "answers", "no refusal of"),
        ("solver", "nothing", "lift", "object"),
        ("solver", "floats", "interpolator", "float32"),
    ],
)
def test_each_way_to_break_a_contract_is_found(
    tried: Tried, faulty: Plugin, kind: str, name: str, check: str, got: str
):
    found = [finding for finding in failures(tried(kind, faulty, name)) if finding.check == check]
    assert any(got in finding.got for finding in found)
    assert all(finding.where.startswith(f"{faulty.file}:") for finding in found)


def test_data_without_a_licence_are_a_warning(tried: Tried, faulty: Plugin):
    found = [finding for finding in tried("dataset", faulty, "shared").findings if finding.check == "declaration"]
    assert [(finding.of, finding.status) for finding in found] == [("license", CheckStatus.WARNING)]
