"""What a run says of failures: once a trial, with the plugin's line and the log's path."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import candidate, record

from genbench.cli.failures import failure_lines
from genbench.leaderboard import Leaderboard
from genbench.records.record import Record, StageFacts
from genbench.records.status import Status

LOG = 'Traceback (most recent call last):\n  File "/home/me/mine.py", line 18, in fit\n    x()\nRuntimeError: boom\n'


def failed(*samplers: str, stage: str = "fit", step: str = "fit") -> Record:
    """The record of a trial whose stage failed, with a candidate for each sampler."""
    own = [replace(candidate(f"mine/{name}", stage=stage, log=LOG), sampler=name) for name in samplers]
    stages = {step: StageFacts(Status.ERROR, "RuntimeError: boom", 1.0)}
    return record("mine", candidates=own, model={"distribution": "mine.py"}, stages=stages)


def lines(own: Record, folder: Path | None = None) -> list[str]:
    folders = {} if folder is None else {("mine", 0): folder}
    return list(failure_lines(Leaderboard.of([own]).failures, folders))


def test_a_fit_that_failed_is_told_once_and_not_for_each_sampler() -> None:
    assert lines(failed("ddpm", "ddim-25", "ddim-50")) == [
        "error: mine seed 0, fit: RuntimeError: boom (at /home/me/mine.py:18)"
    ]


def test_a_sampler_that_failed_alone_is_named() -> None:
    own = failed("ddpm", stage="sample", step="sample/ddpm")
    assert lines(own) == ["error: mine/ddpm seed 0, sample: RuntimeError: boom (at /home/me/mine.py:18)"]


@pytest.mark.parametrize(("stage", "step"), [("fit", "fit"), ("sample", "sample/ddpm"), ("score", "score/generate")])
def test_the_log_of_the_step_that_failed_is_named_as_seen_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, step: str
) -> None:
    folder = tmp_path / "runs/tiny/mine.default.0"
    (folder / step).mkdir(parents=True)
    (folder / step / "log.txt").touch()
    own = failed("ddpm", stage=stage, step=step)
    assert lines(own, folder)[0].endswith(f"mine.py:18; log: {folder}/{step}/log.txt)")
    monkeypatch.chdir(tmp_path)
    assert lines(own, folder)[0].endswith(f"mine.py:18; log: runs/tiny/mine.default.0/{step}/log.txt)")


def test_a_log_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    assert "log:" not in lines(failed("ddpm"), tmp_path)[0]


def test_whatever_was_skipped_for_one_reason_has_one_line() -> None:
    def skipped(name: str, seed: int, reason: str = "it is no interpolator") -> Record:
        own = candidate(name, status=Status.SKIPPED, reason=reason, stage="", log="")
        return record(name, seed, candidates=[replace(own, sampler="")])

    records = [skipped(name, seed) for name, seeds in (("gan", 3), ("ddgan", 3), ("late", 1)) for seed in range(seeds)]
    told = list(failure_lines(Leaderboard.of([*records, skipped("big", 0, "it is too large")]).failures, {}))
    assert told == [
        "skipped: big seed 0: it is too large",
        "skipped: ddgan, gan seeds 0, 1, 2; late seed 0: it is no interpolator",
    ]
