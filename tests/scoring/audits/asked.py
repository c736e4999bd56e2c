"""One model through fit, sample, density and audit in this process, and the judgement of what they left."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from genbench.catalogue import plugins
from genbench.errors import InvalidEvidence
from genbench.execution.channel import Markers
from genbench.files.codec import decoded
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict
from genbench.records.space import Space
from genbench.scoring.audits.candidate import audited
from genbench.scoring.audits.facts import AuditEvidence, AuditFacts
from genbench.store import datasets
from genbench.store.tensors import read_arrays, read_samples
from genbench.workers.untrusted import audit, density, fit, sample
from genbench.workers.untrusted.instance import model_class

COUNT = 300
REALS = Space((2,), levels=None)


@dataclass(frozen=True)
class Asked:
    """What the stages of one trial left in a folder, and what the audits say of it."""

    folder: Path
    facts: AuditFacts
    audits: AuditVerdict

    @property
    def findings(self) -> dict[str, AuditFinding]:
        """What each audit found."""
        return {finding.name: finding for finding in self.audits.audits}

    @property
    def failed(self) -> set[str]:
        """The audits that failed."""
        return {name for name, finding in self.findings.items() if finding.status is AuditStatus.FAILED}


def ask(home: Path, folder: Path, file: str, model: str, images: int, **settings: object) -> Asked:
    """Fit a model of a plugin to `images` images of the data at `home`, and audit it."""
    arguments = {
        "plugin": plugins.loose(file).to_json(),
        "model": model,
        "reference": model,
        "settings": settings,
        "seed": 0,
        "sampler": "",
        "dataset": "digits",
        "data": str(home),
        "device": "cpu",
        "images": images,
        "count": COUNT,
        "batch": 100,
        "fit": str(folder / "fit"),
        "samples": str(folder / "sample/samples.safetensors"),
        "latency_seconds": 0.0,
        "checkpoint_seconds": 600.0,
    }
    markers = Markers(lambda marker: None)
    for stage in ("fit", "sample", "density", "audit"):
        (folder / stage).mkdir(parents=True)
    fit.fit(folder / "fit", arguments, markers)
    cls = model_class(arguments)
    described = cls.described_sampler or next(iter(cls.samplers))
    sample.sample(folder / "sample", {**arguments, "sampler": described}, markers)
    with contextlib.suppress(InvalidEvidence):  # the stage refuses what is above 1; the audits say why
        density.density(folder / "density", arguments, markers)
    facts = decoded(AuditFacts, audit.audit(folder / "audit", arguments, markers))
    return Asked(folder, facts, read(home, folder, folder / "audit/audit.safetensors", facts))


def read(home: Path, folder: Path, path: Path, facts: AuditFacts) -> AuditVerdict:
    """The audits as the scorer reads them from `path`, beside the samples and test nats that lie in `folder`."""
    samples, _ = read_samples(folder / "sample/samples.safetensors", datasets.read_space(home), COUNT)
    nats = folder / "density/nats.safetensors"
    test = read_arrays(nats, {"test"})["test"] if nats.exists() else None
    return audited(AuditEvidence(path, facts), samples, test, home)
