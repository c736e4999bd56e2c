"""Reruns: an installed model is trained and drawn from again, and what its record says has to come out."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

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


GAN = [record for record in read_records(DIGITS) if record.model.reference == "gan"]


def other(record: Record, factor: float, machine: str = "another") -> Record:
    """A record whose scores are other by a factor, and that ran on another machine."""
    scored = tuple(
        replace(one, scores={name: replace(own, value=own.value * factor) for name, own in one.scores.items()})
        for one in record.candidates
    )
    return replace(record, candidates=scored, machine=replace(record.machine, cpu_name=machine))


def both(factor: float, seeds: int = 1, machine: str = "another") -> tuple[list[Bundled], dict[str, Record]]:
    """Published records of one model as a bundle, and what a rerun of them gave."""
    own = [Bundled(f"records/gan.default.{record.seed}.json", record) for record in GAN[:seeds]]
    return own, {one.slug: other(one.record, factor, machine) for one in own}


@pytest.mark.parametrize(
    ("factor", "seeds", "machine", "confirmed"),
    [
        (1, 1, GAN[0].machine.cpu_name, True),
        (1.001, 5, GAN[0].machine.cpu_name, False),  # who repeats himself does so to the bit
        (1, 1, "another", True),
        (1.01, 1, "another", False),  # nobody can tell
        (1.01, 4, "another", False),
        (1.01, 5, "another", True),
    ],
)
def test_a_rerun_confirms_what_came_out_to_the_bit_or_as_near_as_five_seeds_do(
    factor: float, seeds: int, machine: str, confirmed: bool
) -> None:
    found, slugs = rerun_findings(*both(factor, seeds, machine))
    assert [own for own in found if own.refused] == []
    assert len(slugs) == (seeds if confirmed else 0)
    lines = [own.words for own in found if "run again" in own.words]
    assert len(lines) == seeds
    assert all(line.endswith("its scores stay recomputed") is not confirmed for line in lines)


def test_a_record_of_clocks_alone_is_confirmed_by_no_rerun() -> None:
    (own,), again = both(1)

    def timed(record: Record) -> Record:
        """Without what no clock gives."""
        kept = ("throughput", "latency", "fit-time")
        scored = (replace(one, scores={n: s for n, s in one.scores.items() if n in kept}) for one in record.candidates)
        return replace(record, candidates=tuple(scored))

    found, slugs = rerun_findings(
        [replace(own, record=timed(own.record))], {slug: timed(record) for slug, record in again.items()}
    )
    assert not slugs
    assert any("nothing to compare" in finding.words for finding in found)


@pytest.mark.parametrize(("factor", "seeds"), [(3, 1), (3, 5), (0.5, 2), (1.2, 5)])
def test_what_comes_out_too_far_off_is_refused(factor: float, seeds: int) -> None:
    found, _ = rerun_findings(*both(factor, seeds))
    told = [own.words for own in found if own.refused]
    assert any(": recorded " in words for words in told)
    assert not any("throughput" in words for words in told)


def test_the_spread_that_counts_is_that_of_what_came_out() -> None:
    """Else an author widens it by scattering what he submits."""
    own, again = both(1, 5)
    factors = [1.6, 1.0, 2.2, 1.2, 1.5]
    scattered = [
        replace(one, record=other(one.record, factor, "mine")) for one, factor in zip(own, factors, strict=True)
    ]
    found, _ = rerun_findings(scattered, again)
    assert any("fd@digits-net: recorded " in one.words for one in found if one.refused)


def test_an_honest_model_is_hardly_ever_refused() -> None:
    """Each score of each seed is off by 2 % of itself, twice, as normal as can be."""
    random = Random(3)
    refusals = 0
    for _ in range(200):
        own, again = [], {}
        for record in GAN:
            one = Bundled(f"records/gan.default.{record.seed}.json", other(record, random.gauss(1, 0.02), "mine"))
            own.append(one)
            again[one.slug] = other(record, random.gauss(1, 0.02))
        refusals += any(finding.refused for finding in rerun_findings(own, again)[0])
    assert refusals <= 6  # of 200; one in a hundred of a candidate's is meant, all its scores together


def test_another_verdict_of_a_gate_is_refused() -> None:
    records, again = both(1)
    (slug, record), own = next(iter(again.items())), records[0].record.candidates[0]
    gone = replace(record, candidates=(replace(own, memorisation=None),))
    words = [found.words for found in rerun_findings(records, {slug: gone})[0] if found.refused]
    assert any("memorisation: the record says clear, and the rerun gave nothing" in line for line in words)


def test_a_rerun_that_failed_is_refused() -> None:
    records, again = both(1)
    gone = {slug: replace(record, candidates=()) for slug, record in again.items()}
    ((line,),) = [[found.words for found in rerun_findings(records, gone)[0] if found.refused]]
    assert line.endswith("the record says ok, and the rerun gave nothing")
