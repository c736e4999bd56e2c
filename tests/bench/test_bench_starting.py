"""What a stage costs beyond its own work: from the parent's call to the end of a child that does next to nothing.

Run with `pytest tests/bench -s`, or `tox -e bench`. Times are shown and not judged.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import Confinement
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
    confinement = Confinement(plugin.reads) if confined else None
    call = replace(listing_call(plugin, tmp_path / "job"), confinement=confinement)
    outcome = benchmark.pedantic(supervisor.run, args=(call,), warmup_rounds=1, rounds=ROUNDS)
    assert outcome.ok
