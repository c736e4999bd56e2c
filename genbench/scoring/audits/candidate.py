"""Candidate: the audits of one candidate, from what the `audit` stage left to the verdict of its record."""

import traceback
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.records.audits import AuditStatus, AuditVerdict, finding, unaudited
from genbench.scoring.audits.facts import AuditEvidence
from genbench.scoring.audits.judgement import RealData, judged, verdict
from genbench.scoring.audits.questions import KEYS
from genbench.store import datasets
from genbench.store.tensors import read_arrays


def audited(left: AuditEvidence, samples: NDArray[Any], test: NDArray[np.float64] | None, home: Path) -> AuditVerdict:
    """What the audits say of a candidate's density; an audit that breaks costs itself alone.

    Args:
        left: what the `audit` stage left of the candidate.
        samples: [n, *shape], validated.
        test: [N] nats of the test set, validated; None where there are none.
        home: the dataset's folder.
    """
    try:
        splits = {split: datasets.read(home, split).x for split in ("valid", "test")}
        real = RealData(datasets.read_space(home), **splits)
        findings = judged(left.facts, read_arrays(left.path, set(KEYS)), samples, test, real)
        return verdict(left.facts.likelihood, findings)
    except InvalidEvidence as error:
        return invalid(str(error))
    except Exception as error:  # noqa: BLE001  # whatever a stranger's numbers may lead to
        traceback.print_exc()
        return unaudited(f"the audit failed: {type(error).__name__}: {error}")


def invalid(words: str) -> AuditVerdict:
    """The verdict where what the `audit` stage left has not the form that it leaves."""
    found = finding("exhaustive-sum", AuditStatus.FAILED, f"invalid evidence: {words}")
    return AuditVerdict(AuditStatus.FAILED, f"{found.name}: {found.words}", (found,))
