"""Jobs on the nodes of a Ray cluster end as they do on one machine, whatever becomes of a node."""

from pathlib import Path

import tiny
from nodes import PLUGIN, Nodes, suite

from genbench.execution.supervisor import Supervisor


def test_a_cluster_gives_the_records_of_a_local_run(
    cluster: Nodes, local: tiny.Run, supervisor: Supervisor, tmp_path: Path
):
    run = tiny.run(
        supervisor, tmp_path, [PLUGIN], ["bounded"], suite(tmp_path), executor="ray", address=cluster.address
    )
    for name in ("bounded/dark", "bounded/full"):
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
