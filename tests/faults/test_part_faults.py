"""A part is trusted host code in the scorer: its faults cost its own column, or its trials' scores, and are told."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.score import failed
from genbench.records.status import Status

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
METRICS = '''
import ctypes, time

import genbench


class Raising(genbench.Metric):
    """Raises."""

    name, title, axis, direction = "raising", "Raising", genbench.Axis.OVERALL, genbench.Direction.LOWER
    unit, source, version, uses_features = "", "made for the tests", "1", False

    def score(self, evidence):
        raise RuntimeError("no idea")


class Segfaulting(Raising):
    """Segfaults."""

    name, title = "segfaulting", "Segfaulting"

    def score(self, evidence):
        ctypes.string_at(0)


class Sleeping(Raising):
    """Sleeps."""

    name, title = "sleeping", "Sleeping"

    def score(self, evidence):
        time.sleep(600)


@genbench.hookimpl
def genbench_metrics():
    return [Raising, Segfaulting, Sleeping]
'''


@pytest.fixture(scope="module", autouse=True)
def installed(site: Path) -> Iterator[None]:
    """A distribution with these metrics; uninstalled at the end."""
    info = site / "faulty_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty-metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\nfaulty = faulty_metrics\n")
    (site / "faulty_metrics.py").write_text(METRICS)
    yield
    (info / "entry_points.txt").unlink()
    sys.modules.pop("faulty_metrics", None)


@pytest.fixture
def scored(supervisor: Supervisor, copy: Path, tmp_path: Path) -> Callable[[str], tiny.Run]:
    """`scored(metric)`: the finished run scored with one more metric."""

    def run(metric: str) -> tiny.Run:
        suite = tiny.write_suite(tmp_path)
        text = suite.read_text().replace('"bits-per-dim",', f'"bits-per-dim", "{metric}",')
        suite.write_text(text.replace("score = 60", "score = 2") if metric == "sleeping" else text)
        return tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite, jobs=10)  # one a trial: they may sleep

    return run


def test_a_metric_that_raises_costs_its_own_cells(scored: Callable[[str], tiny.Run], plain: tiny.Run):
    candidate = scored("raising").candidate("plain")
    assert candidate.status is Status.OK
    assert candidate.missing["raising"] == failed("RuntimeError: no idea")
    assert candidate.scores["bits-per-dim"] == plain.candidate("plain").scores["bits-per-dim"]


@pytest.mark.parametrize(
    ("metric", "status", "words"),
    [
        ("segfaulting", Status.CRASHED, "score was ended by SIGSEGV"),
        ("sleeping", Status.TIMEOUT, "score ran past its limit of 2 s"),
    ],
)
def test_a_metric_that_ends_the_scorer_is_told_and_keeps_the_evidence(
    supervisor: Supervisor,
    scored: Callable[[str], tiny.Run],
    tmp_path: Path,
    metric: str,
    status: Status,
    words: str,
):
    run = scored(metric)
    candidate = run.candidate("plain")
    assert (candidate.status, candidate.stage, candidate.reason) == (status, "score", words)
    for path in set(run.root.glob("*.0")) - {run.root / "plain.default.0"}:
        shutil.rmtree(path)  # what the controls left is beside the point
    again = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tiny.write_suite(tmp_path))  # without that metric
    assert again.candidate("plain").status is Status.OK
    assert {name.partition("/")[2] for name in again.heard.ran} == {"score/generate"}
