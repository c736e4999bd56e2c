"""The evidence of the `audit` stage is checked before it is believed; where there is nothing to audit, it says so."""

from pathlib import Path

import asked
import pytest
import torch
from safetensors.torch import load_file

from genbench.catalogue import plugins
from genbench.contracts import dataset
from genbench.errors import Unsuitable
from genbench.protocol.inputs import Fitted, Kept, Subject
from genbench.protocol.stages.audit import AuditInputs
from genbench.protocol.stages.sample import SAMPLES
from genbench.protocol.stages.stage import CHECKPOINT
from genbench.records.audits import AuditStatus
from genbench.records.kinds import Likelihood
from genbench.scoring.audits.facts import AuditFacts
from genbench.store import datasets
from genbench.store.tensors import write_tensors
from genbench.workers.untrusted import audit


def test_what_the_stage_left_is_checked_before_it_is_believed(audited, digits: Path, tmp_path: Path):
    settled = audited("honest")
    for name, spoilt in {
        "table": torch.zeros(2, 255, dtype=torch.float64),
        "drawn": torch.full((16,), 3, dtype=torch.int32),
        "refit": torch.zeros(3, dtype=torch.float64),
    }.items():
        tensors = load_file(settled.folder / "audit/audit.safetensors")
        write_tensors(tmp_path / "audit.safetensors", {**tensors, name: spoilt})
        found = asked.read(digits, settled.folder, tmp_path / "audit.safetensors", settled.facts)
        assert found.status is AuditStatus.FAILED
        assert found.reason.startswith(f"exhaustive-sum: invalid evidence: the audit left {name} ")
    write_tensors(
        tmp_path / "audit.safetensors",
        {**load_file(settled.folder / "audit/audit.safetensors"), "drawn": torch.full((16,), 256)},
    )
    found = asked.read(digits, settled.folder, tmp_path / "audit.safetensors", settled.facts)
    assert "the audit left states from 256 to 256, expected [0, 256)" in found.reason
    facts = AuditFacts(Likelihood.EXACT, rung=7, refused=())
    forged = asked.read(digits, settled.folder, settled.folder / "audit/audit.safetensors", facts)
    assert "names rung 7" in forged.reason


@pytest.mark.parametrize("name", ["table", "drawn", "refit"])
def test_a_single_number_in_the_place_of_an_array_is_invalid(audited, digits: Path, tmp_path: Path, name: str):
    settled = audited("honest")
    tensors = load_file(settled.folder / "audit/audit.safetensors")
    spoilt = torch.zeros((), dtype=tensors[name].dtype)
    write_tensors(tmp_path / "audit.safetensors", {**tensors, name: spoilt})
    found = asked.read(digits, settled.folder, tmp_path / "audit.safetensors", settled.facts)
    assert found.reason.startswith(f"exhaustive-sum: invalid evidence: the audit left {name} ")


def test_a_file_that_is_none_is_invalid_evidence_and_no_fault_of_the_harness(audited, digits: Path, tmp_path: Path):
    settled = audited("honest")
    (tmp_path / "audit.safetensors").write_bytes(b"nonsense")
    found = asked.read(digits, settled.folder, tmp_path / "audit.safetensors", settled.facts)
    assert (found.status, len(found.audits)) == (AuditStatus.FAILED, 1)
    assert "invalid evidence: audit.safetensors is not a safetensors file" in found.reason


def test_real_numbers_have_nothing_that_sums_to_one(tmp_path: Path):
    numbers = dataset.Examples(torch.zeros(4, 2).numpy())
    datasets.write(dataset.Splits(asked.REALS, numbers, numbers, numbers, numbers), tmp_path)
    subject = Subject(plugins.loose(asked.PLANTED), "honest", "honest", {}, 0, "points", "cpu", threads=1)
    nothing = Kept("", "")  # nobody comes to open it
    inputs = AuditInputs(Fitted(subject, nothing), asked.rows(tmp_path), nothing, "", 4, 4, 4, 100, asked.SECRET)
    with pytest.raises(Unsuitable, match="nothing has to sum to 1"):
        audit.audit(tmp_path, inputs, asked.MARKERS)


def test_what_is_drawn_on_the_tiny_space_is_drawn_with_the_secret(audited, digits: Path, tmp_path: Path):
    folder = audited("honest").folder
    subject = Subject(plugins.loose(asked.PLANTED), "honest", "honest", {}, 0, "digits", "cpu", threads=1)
    fitted, samples = Fitted(subject, asked.kept(folder / "fit" / CHECKPOINT)), asked.kept(folder / "sample" / SAMPLES)
    inputs = AuditInputs(fitted, asked.rows(digits), samples, "", asked.COUNT, 100, 100, 100, asked.SECRET)
    found = []
    for secret in ("00" * 32, "11" * 32):
        (tmp_path / secret).mkdir()
        audit.audit(tmp_path / secret, inputs, asked.telling(secret))
        found.append(load_file(tmp_path / secret / "audit.safetensors"))
    assert torch.allclose(found[0]["table"], found[1]["table"])
    assert (found[0]["drawn"] != found[1]["drawn"]).any()
