"""What a stage costs beyond its own work: from the parent's call to the end of a child that does next to nothing.

Run with `pytest tests/bench -s`, or `tox -e bench`. Times are shown and not judged.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from genbench.catalogue import plugins
from genbench.contracts.job import Confinement, Job
from genbench.execution.supervisor import Supervisor

LISTS_NOTHING = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
ROUNDS = 40


@pytest.mark.parametrize("confined", [False, True], ids=["process", "landlock"])
def test_starting_and_ending_a_stage(
    supervisor: Supervisor, tmp_path: Path, benchmark: Callable[..., object], confined: bool
):
    (tmp_path / "nothing.py").write_text(LISTS_NOTHING)
    (tmp_path / "job").mkdir()
    plugin = plugins.loose(str(tmp_path / "nothing.py"))
    confinement = Confinement(reads=plugin.places) if confined else None
    job = Job(
        "listing",
        tmp_path / "job",
        {"plugin": plugin.to_json()},
        tmp_path / "job/log.txt",
        60,
        confinement=confinement,
    )
    outcome = benchmark.pedantic(supervisor.run, args=(job,), warmup_rounds=1, rounds=ROUNDS)
    assert outcome.ok
