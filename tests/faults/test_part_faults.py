"""A part is trusted host code in the scorer: its faults cost its own column, or its trials' scores, and are told."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor

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


def _run(supervisor: Supervisor, folder: Path, metric: str) -> tiny.Run:
    suite = tiny.write_suite(folder)
    text = (
        suite.read_text().replace('"bits-per-dim",', f'"bits-per-dim", "{metric}",').replace("score = 60", "score = 2")
    )
    suite.write_text(text)
    return tiny.run(supervisor, folder, [PLAIN], ["plain"], suite, jobs=2)


def test_a_metric_that_raises_costs_its_own_cells(supervisor: Supervisor, tmp_path: Path, plain: tiny.Run):
    candidate = _run(supervisor, tmp_path, "raising").candidate("plain")
    assert candidate["status"] == "ok"
    assert candidate["unavailable"]["raising"] == "failed: RuntimeError: no idea"
    assert candidate["scores"]["bits-per-dim"] == plain.candidate("plain")["scores"]["bits-per-dim"]


@pytest.mark.parametrize(
    ("metric", "status", "words"),
    [
        ("segfaulting", "crashed(SIGSEGV)", "score was ended by SIGSEGV"),
        ("sleeping", "timeout", "score ran past its limit of 2 s"),
    ],
)
def test_a_metric_that_ends_the_scorer_is_told_and_keeps_the_evidence(
    supervisor: Supervisor, tmp_path: Path, metric: str, status: str, words: str
):
    run = _run(supervisor, tmp_path, metric)
    candidate = run.candidate("plain")
    assert (candidate["status"], candidate["phase"], candidate["reason"]) == (status, "score", words)
    again = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tiny.write_suite(tmp_path))  # without that metric
    assert again.candidate("plain")["status"] == "ok"
    assert {name.partition("/")[2] for name in again.heard.ran} == {"score"}
