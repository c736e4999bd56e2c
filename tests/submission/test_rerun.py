"""Reruns: an installed model is trained and drawn from again, and what its record says has to come out."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import forging
import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.files import read_records
from genbench.records.record import Record
from genbench.records.vouchers import Extent
from genbench.submission.finding import Check
from genbench.submission.reading import Bundled
from genbench.submission.rerunning import rerun_findings
from genbench.submission.rescoring import Sources
from genbench.submission.verification import Verified, verified
from genbench.submission.writing import Author, written

pytestmark = pytest.mark.usefixtures("whatever_the_load")

DIGITS = Path(__file__).parents[2] / "leaderboards/digits/records"
PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"


@pytest.fixture(scope="module")
def module(site: Path) -> Iterator[Path]:
    """The plain model, installed under another name."""
    info, path = site / "genbench_again-1.0.dist-info", site / "genbench_again.py"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-again\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.models]\nagain = genbench_again\n")
    path.write_text(PLAIN.read_text().replace('"plain"', '"again"'))
    yield path
    shutil.rmtree(info)
    path.unlink()


@pytest.fixture(scope="module")
def bundle(module: Path, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    run = tiny.run(supervisor, folder, [], ["again"], tiny.write_suite(folder))
    written(run.root, folder / "bundle", Author(), ["again"])
    return folder / "bundle"


def verdict(bundle: Path, supervisor: Supervisor, tmp_path: Path) -> Verified:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return verified(bundle, scratch, Sources(str(bundle.parent / "tiny.toml"), rerun=True), supervisor)


def test_a_model_that_repeats_itself_is_verified_by_its_rerun(
    bundle: Path, supervisor: Supervisor, tmp_path: Path
) -> None:
    found = verdict(bundle, supervisor, tmp_path)
    assert [str(own) for own in found.findings if own.refused] == []
    assert [found.status(own) for own in found.records] == [Extent.RERUN]
    told = [own.words for own in found.findings if own.check is Check.RERUN]
    assert "again seed 0: run again, the same to the bit" in told


def test_other_code_is_not_run(bundle: Path, module: Path, supervisor: Supervisor, tmp_path: Path) -> None:
    source = module.read_text()
    module.write_text(f"{source}\n# another one\n")
    own = Path(shutil.copytree(bundle, tmp_path / "own"))
    shutil.copy(bundle.parent / "tiny.toml", tmp_path)
    forging.recorded(
        own, lambda record: record["model"].update(version="0.9"), "records/again.default.0.json"
    )  # or the check of plugins, which knows this version, refuses it first
    try:
        found = verdict(own, supervisor, tmp_path)
    finally:
        module.write_text(source)
    (line,) = [own for own in found.findings if own.refused]
    assert line.check is Check.RERUN
    assert line.words.startswith("again seed 0 cannot be run again here: its code was ")
    assert found.rerun == frozenset()


def both(change: float, seeds: int) -> tuple[list[Bundled], dict[str, Record]]:
    """Published records of one model, and a rerun of the first whose scores are other by a factor."""
    records = [record for record in read_records(DIGITS) if record.model.reference == "gan"][:seeds]
    first = records[0]
    scored = [
        replace(one, scores={name: replace(own, value=own.value * change) for name, own in one.scores.items()})
        for one in first.candidates
    ]
    own = [Bundled(f"records/gan.default.{record.seed}.json", record) for record in records]
    return own, {own[0].slug: replace(first, candidates=tuple(scored))}


@pytest.mark.parametrize(("change", "seeds", "refused"), [(1, 5, 0), (1.01, 5, 0), (1.01, 1, 0), (3, 5, 1), (3, 1, 1)])
def test_what_comes_out_is_as_near_as_another_seed(change: float, seeds: int, refused: bool) -> None:
    records, again = both(change, seeds)
    found = [own for own in rerun_findings(records, again) if own.refused]
    assert bool(found) is bool(refused)
    assert not any("throughput" in own.words for own in found)


def test_another_verdict_of_a_gate_is_refused() -> None:
    records, again = both(1, 1)
    (slug, record), own = next(iter(again.items())), records[0].record.candidates[0]
    gone = replace(record, candidates=(replace(own, memorisation=None),))
    words = [found.words for found in rerun_findings(records, {slug: gone}) if found.refused]
    assert any("memorisation: the record says clear, and the rerun gave nothing" in line for line in words)


def test_a_rerun_that_failed_is_refused() -> None:
    records, again = both(1, 1)
    gone = {slug: replace(record, candidates=()) for slug, record in again.items()}
    ((line,),) = [[found.words for found in rerun_findings(records, gone) if found.refused]]
    assert line.endswith("the record says ok, and the rerun gave nothing")
