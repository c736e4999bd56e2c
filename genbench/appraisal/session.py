"""Session: samples and what they are held against are read, and every score that this gives is computed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from genbench.appraisal.classes import of_classes
from genbench.appraisal.findings import chosen, found_of, identity_of, tools_of
from genbench.appraisal.listener import AppraisalListener, Silence
from genbench.appraisal.outcome import Appraisal, Identity
from genbench.appraisal.request import Request
from genbench.appraisal.sides import read as read_sides
from genbench.contracts.evidence import Evidence
from genbench.scoring.novelty.gate import copy_verdict
from genbench.scoring.samples import Source
from genbench.store import spare


def score(samples: Source | None = None, *, listener: AppraisalListener | None = None, **options: Any) -> Appraisal:
    """Score samples that you already have: what `genbench score` does, from Python.

        genbench.score("samples/", dataset="digits").scores["fd"].value
        genbench.score(generated, reference=real, extractor="pixels")
        genbench.score(features=f_generated, reference=f_real)

    Args:
        samples: a folder of images, an array file or a NumPy array.
        listener: is told how it goes.
        options: see `genbench.appraisal.Request`.
    Raises:
        GenbenchError: what the command line would refuse with exit code 2.
    """
    return appraised(Request(samples, **options), listener or Silence())


def appraised(request: Request, listener: AppraisalListener) -> Appraisal:
    """Read both sides, compare their features, and compute every score that this gives.

    Raises:
        GenbenchError: something cannot be read or compared, or no score can be computed.
    """
    asked = request.meant
    tools = tools_of(asked, listener)
    metrics, wants_verdict = chosen(asked, tools)
    with_train = wants_verdict or any(cls.needs_train for cls in metrics.values())
    sides = read_sides(asked, with_train, tools)
    identity = identity_of(sides, request, tools)
    listener.started(_sentence(identity))
    measured = sides.yardstick.measured(sides.generated.x)
    evidence = Evidence(sides.yardstick.space, sides.generated.x, sides.generated.y)
    compared = replace(measured.compared, identity=identity.extractor)
    verdict = copy_verdict(measured.verdict, identity.extractor) if wants_verdict and measured.verdict else None
    found = found_of(asked, metrics, evidence, compared, tools).or_refused(verdict)
    classes, labels = of_classes(metrics, sides, evidence, compared) if request.per_class else ({}, "")
    spare.trim()
    name = request.name or Path(sides.generated.name).name
    return Appraisal(
        name, found.scores, found.missing, verdict, identity, sides.warnings, found.come_true, classes, labels
    )


def _sentence(identity: Identity) -> str:
    of = f"{identity.reference_n} of " if identity.reference_n else ""
    return (
        f"scoring {identity.n} samples of {identity.samples} against {of}{identity.reference}, "
        f"{identity.extractor or 'features as given'}, on {identity.device}"
    )
