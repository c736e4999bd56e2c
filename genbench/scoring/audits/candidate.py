"""Candidate: the audits of one candidate, from the evidence that the scorer is told of to the JSON of its record."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.records.audits import Finding
from genbench.scoring.audits import KEYS, Reference, Told, judged, unaudited, verdict
from genbench.store import datasets
from genbench.store.tensors import read_arrays


def audited(
    candidate: Mapping[str, Any], samples: NDArray[Any], test: NDArray[np.float64] | None, home: Path
) -> dict[str, Any] | None:
    """The audits as records keep them; None where the candidate's sampler has no density.

    Args:
        candidate: its "audit_facts" (None: no density), and in "audit" the path of what the stage left.
        samples: [n, *shape], validated.
        test: [N] nats of the test set, validated; None where there are none.
        home: the dataset's folder.
    """
    facts = candidate["audit_facts"]
    if facts is None:
        return None
    if not candidate["audit"]:
        return unaudited(str(facts["reason"]))
    try:
        return _judged(Path(candidate["audit"]), facts, samples, test, home)
    except (InvalidEvidence, KeyError, TypeError, ValueError) as error:
        words = str(error) if isinstance(error, InvalidEvidence) else f"its facts are {facts!r:.200}"
        return verdict("", [Finding("exhaustive-sum", "failed", f"invalid evidence: {words}")])
    except Exception as error:  # noqa: BLE001  # an audit that breaks costs itself alone
        traceback.print_exc()
        return unaudited(f"the audit failed: {type(error).__name__}: {error}")


def _judged(
    path: Path, facts: Mapping[str, Any], samples: NDArray[Any], test: NDArray[np.float64] | None, home: Path
) -> dict[str, Any]:
    splits = {split: datasets.read(home, split).x for split in ("valid", "test")}
    rung = facts["rung"]
    told = Told(
        read_arrays(path, set(KEYS)),
        str(facts["likelihood"]),
        None if rung is None else int(rung),
        [str(reason) for reason in facts["refused"]],
    )
    findings = judged(told, samples, test, Reference(datasets.read_space(home), **splits))
    return verdict(told.kind, findings)
