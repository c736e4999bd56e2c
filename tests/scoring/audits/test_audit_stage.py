"""The evidence of the `audit` stage is checked before it is believed; where there is nothing to audit, it says so."""

from pathlib import Path

import asked
import pytest
import torch
from safetensors.torch import load_file

from genbench.contracts import dataset
from genbench.errors import Unsuitable
from genbench.execution.channel import Markers
from genbench.store import datasets
from genbench.store.tensors import write_tensors
from genbench.workers.untrusted import audit


def test_what_the_stage_left_is_checked_before_it_is_believed(audited, digits: Path, tmp_path: Path):
    settled = audited("honest")
    for name, spoilt in {
        "noise": torch.zeros(3, dtype=torch.float64),
        "table": torch.zeros(2, 255, dtype=torch.float64),
        "drawn": torch.full((16,), 256),
        "perturbed": torch.zeros(2, 40),
    }.items():
        tensors = load_file(settled.folder / "audit/audit.safetensors")
        write_tensors(tmp_path / "audit.safetensors", {**tensors, name: spoilt})
        found = asked.read(digits, settled.folder, tmp_path / "audit.safetensors", settled.facts)
        assert found["status"] == "failed"
        assert found["reason"].startswith("exhaustive-sum: invalid evidence: the audit left ")
    facts = {"likelihood": "exact", "rung": 7, "refused": []}
    forged = asked.read(digits, settled.folder, settled.folder / "audit/audit.safetensors", facts)
    assert "names rung 7" in forged["reason"]


def test_real_numbers_have_nothing_that_sums_to_one(tmp_path: Path):
    numbers = dataset.Examples(torch.zeros(4, 2).numpy())
    datasets.write(dataset.Splits(asked.REALS, numbers, numbers, numbers), tmp_path)
    with pytest.raises(Unsuitable, match="nothing has to sum to 1"):
        audit.audit(tmp_path, {"data": str(tmp_path), "device": "cpu"}, Markers(lambda marker: None))
