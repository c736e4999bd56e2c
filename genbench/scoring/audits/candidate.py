"""Candidate: the audits of one candidate, from what the stages left to the verdict of its record."""

import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.records.audits import AuditStatus, AuditVerdict, finding, unaudited
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.judgement import judged, verdict
from genbench.scoring.audits.left import DensityLeft, Left
from genbench.scoring.audits.verification import verified
from genbench.store import datasets
from genbench.store.tensors import read_arrays

ARRAYS = {"table", "drawn", "refit"}


def audited(audit: Path, facts: AuditFacts, density: DensityLeft, samples: NDArray[Any], home: Path) -> AuditVerdict:
    """What the audits say of a candidate's density; an audit that breaks costs itself alone.

    Args:
        audit: the file that the `audit` stage left, and `facts` what it said.
        density: what the density was asked, and said.
        samples: [n, *shape], validated.
        home: the dataset's folder.
    """
    try:
        left = Left(facts, **read_arrays(audit, ARRAYS), density=density)
        test, space = datasets.read(home, "test").x, datasets.read_space(home)
        findings, own = judged(left, samples, test, space), verified(density, test, space)
        return replace(verdict(facts.likelihood, [*findings, own.finding]), verified=own.verification)
    except InvalidEvidence as error:
        return invalid(str(error))
    except Exception as error:  # noqa: BLE001  # whatever a stranger's numbers may lead to
        traceback.print_exc()
        return unaudited(f"the audit failed: {type(error).__name__}: {error}")


def invalid(words: str) -> AuditVerdict:
    """The verdict where what the `audit` stage left has not the form that it leaves."""
    found = finding("exhaustive-sum", AuditStatus.FAILED, f"invalid evidence: {words}")
    return AuditVerdict(AuditStatus.FAILED, f"{found.name}: {found.words}", (found,))
