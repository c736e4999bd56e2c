"""What a run's bundle says is computed again; a forged one is refused, by the check that is there for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.submission.rescoring import Sources
from genbench.submission.verification import Verified, verified
from genbench.submission.writing import Author, written


@pytest.fixture(scope="module")
def bundle(plain: tiny.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run with one model and the controls."""
    place = tmp_path_factory.mktemp("bundles") / "plain"
    written(plain.root, place, Author("A. Nother", "a@example.org"))
    return place


@pytest.fixture
def verify(supervisor: Supervisor, plain: tiny.Run, tmp_path: Path) -> Callable[[Path], Verified]:
    """Verifies a bundle of the tiny suite."""
    suite = plain.root.parents[1] / "tiny.toml"

    def call(folder: Path) -> Verified:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        return verified(folder, scratch, Sources(str(suite)), supervisor)

    return call


def test_the_bundle_of_a_run_passes_and_its_scores_come_out_to_the_bit(bundle: Path, verify) -> None:
    found = verify(bundle)
    assert [str(finding) for finding in found.findings if finding.refused] == []
    assert found.passed
    assert found.exact
    assert len(found.records) > 3
