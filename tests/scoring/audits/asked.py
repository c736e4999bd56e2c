"""One model through fit, sample, density and audit in this process, and the judgement of what they left."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genbench.catalogue import plugins
from genbench.contracts.job import Pace
from genbench.errors import InvalidEvidence
from genbench.execution.channel import Marker, Markers
from genbench.execution.pacing import Paced
from genbench.files.atomic import sha256_of
from genbench.protocol.inputs import Fitted, Kept, SplitFiles, Subject
from genbench.protocol.stages.audit import AUDIT_FILE, AuditInputs
from genbench.protocol.stages.density import NATS, DensityInputs
from genbench.protocol.stages.fit import CHECK, FitInputs
from genbench.protocol.stages.sample import SAMPLES, SampleInputs
from genbench.protocol.stages.stage import CHECKPOINT
from genbench.protocol.stages.stream import StreamInputs
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict
from genbench.records.space import Space
from genbench.scoring.audits import stream_files
from genbench.scoring.audits.candidate import audited
from genbench.scoring.audits.facts import HALVES, KEY, QUESTIONS, AuditFacts
from genbench.scoring.audits.left import DensityLeft
from genbench.seeds import derived
from genbench.store import datasets
from genbench.store.tensors import read_samples
from genbench.workers.trusted import stream
from genbench.workers.untrusted import audit, density, fit, sample
from genbench.workers.untrusted.instance import model_class

PLANTED = str(Path(__file__).parent / "plugins/planted.py")
COUNT, BATCH = 300, 100
SECRET = "0123456789abcdef" * 4
REALS = Space((2,), levels=None)
MARKERS = Markers(lambda marker: SECRET)


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


def ask(home: Path, folder: Path, file: str, model: str, images: int, seed: int = 0, **settings: float) -> Asked:
    """Fit a model of a plugin to `images` images of the data at `home`, and audit it with a seed's own secret."""
    secret = derived(SECRET, seed)
    for stage in ("fit", "sample", "audit", "stream", *(f"density/{half}" for half in HALVES)):
        (folder / stage).mkdir(parents=True)
    subject = Subject(plugins.loose(file), model, model, settings, seed, "digits", "cpu", threads=1)
    fit.fit(folder / "fit", FitInputs(subject, rows(home, "train", "valid"), images, 600.0), MARKERS)
    fitted = Fitted(subject, kept(folder / "fit" / CHECKPOINT))
    cls = model_class(subject)
    sampler = getattr(cls, "described_sampler", "") or next(iter(cls.samplers))
    sample.sample(folder / "sample", samples_asked(folder, home, fitted, sampler, secret), paced(secret))
    samples, test = kept(folder / "sample" / SAMPLES), len(datasets.read(home, "test").x)
    inputs = AuditInputs(fitted, rows(home), samples, sampler, COUNT, BATCH, test, max(BATCH, images // 10), secret)
    with working(folder / "audit", "audit"):
        facts = audit.audit(folder / "audit", inputs, telling(secret))
    density_asked(home, folder, fitted, facts, secret)
    return Asked(folder, facts, read(home, folder, folder / "audit" / AUDIT_FILE, facts))


def density_asked(home: Path, folder: Path, fitted: Fitted, facts: AuditFacts, secret: str = SECRET) -> None:
    """Ask a fitted model for its density, in this process where a run takes two."""
    samples, data = kept(folder / "sample" / SAMPLES), rows(home, "train", "valid", "test")
    asked = StreamInputs(data, samples, COUNT, facts.likelihood, 0, BATCH, 0, secret)
    stream.stream(folder / "stream", asked, telling(secret))
    with contextlib.suppress(InvalidEvidence):  # the stage refuses what is above 1; the audits say why
        for half, questions in QUESTIONS.items():
            half_asked = DensityInputs(fitted, rows(home), kept(folder / "stream" / questions), secret)
            with working(folder / "density", "density"):
                density.density(folder / "density" / half, half_asked, telling(derived(secret, half)))


@contextlib.contextmanager
def working(folder: Path, stage: str) -> Iterator[None]:
    """Work in a stage's folder, which tells the stage as a run's does."""
    (folder / "call.json").write_text(json.dumps({"stage": stage, "inputs": {}}))
    home = os.environ.get("HOME", "")
    os.environ["HOME"] = f"{folder}/home"
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ["HOME"] = home


def telling(secret: str) -> Markers:
    """Tells every section the same secret."""
    return Markers(lambda marker: secret)


def paced(secret: str = SECRET) -> Markers:
    """Tells a run the seed of each of its batches in turn."""
    told = Paced(Pace("run", COUNT // BATCH), secret)

    def tell(marker: Marker) -> str:
        section = str(marker.get("section", ""))
        if marker["at"] == "lap":
            return told.lap(section, str(marker.get("digest", "")), 0.0)
        return told.done(section) if marker["at"] == "done" else told.ready(section)

    return Markers(tell)


def samples_asked(folder: Path, home: Path, fitted: Fitted, sampler: str, secret: str = SECRET) -> SampleInputs:
    """What the described sampler of a fitted model is given."""
    check, data = kept(folder / "fit" / CHECK), rows(home, "train", "valid")
    return SampleInputs(fitted, check, data, sampler, COUNT, BATCH, 0.0, 0.0, "this machine", secret)


def rows(home: Path, *splits: str) -> SplitFiles:
    """Splits of the data at `home`."""
    return SplitFiles(str(home), home.name, splits)


def kept(path: Path) -> Kept:
    """A file that a stage left."""
    return Kept(str(path), sha256_of(path))


def read(home: Path, folder: Path, path: Path, facts: AuditFacts) -> AuditVerdict:
    """The audits as the scorer reads them from `path`, beside what else lies in `folder`."""
    samples, _ = read_samples(folder / "sample" / SAMPLES, datasets.read_space(home), COUNT)
    return audited(path, facts, left(folder, facts), samples, home)


def left(folder: Path, facts: AuditFacts) -> DensityLeft:
    """What the density stages in `folder` were asked and said."""
    first, second = (folder / "stream" / name for name in QUESTIONS.values())
    found = stream_files.read((first, second), folder / "stream" / KEY)
    nats = [folder / "density" / half / NATS for half in HALVES]
    said = stream_files.read_said(*nats) if all(path.exists() for path in nats) else None
    return DensityLeft(found, said, (facts.likelihood,) * len(HALVES))
