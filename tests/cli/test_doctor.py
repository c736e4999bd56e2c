"""`genbench doctor`: what the machine is and has, and what is wrong."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from genbench.cli import main
from genbench.cli.doctor import disk, machine, offers
from genbench.execution.supervisor import Supervisor

LOOKED_AT = {"genbench", "software", "device", "machine", "isolation", "caps", "cache", "spare", "results"}
LOOKED_AT |= {"models", "datasets", "extractors", "metrics", "suites"}


def test_every_plugin_fault_is_a_trouble(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('no')\n")
    found = offers(supervisor, [str(tmp_path / "broken.py")])
    (broken,) = [check for check in found if (check.name, check.value) == ("plugin", "broken")]
    assert "RuntimeError: no" in broken.trouble


def test_a_harness_without_a_model_to_run_is_in_trouble(supervisor: Supervisor, tmp_path: Path) -> None:
    told = {check.name: check.trouble for check in offers(supervisor)}
    (tmp_path / "mine.py").write_text((Path(__file__).parents[1] / "contracts/plugins/plain.py").read_text())
    more = {check.name: check.trouble for check in offers(supervisor, [str(tmp_path / "mine.py")])}
    assert more["models"] == ""
    if told["models"]:  # where this runs without the first-party models
        assert told["models"].endswith("models: pip install ./plugins/*/, or --plugin FILE")


def test_the_cores_are_those_that_the_process_may_use(supervisor: Supervisor) -> None:
    (found,) = [check for check in machine(supervisor) if check.name == "machine"]
    assert found.value.startswith(f"{len(os.sched_getaffinity(0))} cores, ")


def test_a_cache_folder_that_cannot_be_made_is_a_finding_among_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "file" / "cache"))
    code = main(["doctor", "--json"])
    found = {check["name"]: check["trouble"] for check in json.loads(capsys.readouterr().out)}
    assert code == 1
    assert found["cache"].endswith("(Not a directory); set GENBENCH_CACHE to a folder that can be written, with room")
    assert "models" in found  # they are listed all the same
    assert found["software"] == ""


def test_what_the_cache_keeps_to_save_time_is_told_with_how_to_empty_it(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "my cache"))
    (tmp_path / "my cache/features").mkdir(parents=True)
    (tmp_path / "my cache/features/key.npy").write_bytes(bytes(2**27))
    (told,) = [check.value for check in machine(supervisor) if check.name == "spare"]
    assert told.startswith("0.12 of at most 8 GiB of the cache; to empty it: rm -rf ")
    subprocess.run(told.partition("to empty it: ")[2], shell=True, check=True)  # as a user would
    assert not (tmp_path / "my cache/features").exists()
    assert tmp_path.joinpath("my cache").exists()


def test_a_folder_without_trouble_says_how_much_is_free(tmp_path: Path) -> None:
    found = disk("results", tmp_path)
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize / 2**30
    assert float(found.value.removeprefix(f"{tmp_path}, ").removesuffix(" GiB free")) == pytest.approx(free, abs=1)


def test_the_command_fails_where_there_is_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {check["name"] for check in found} >= LOOKED_AT
    assert {key for check in found for key in check} == {"name", "value", "trouble"}
    assert code == (1 if any(check["trouble"] for check in found) else 0)
