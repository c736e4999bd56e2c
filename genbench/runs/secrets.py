"""Secrets: what the seeds of scored draws are made of. A trial's own follows from the run's, or is a record's again."""

from collections.abc import Sequence

from genbench.errors import GenbenchError
from genbench.protocol.trial import Trial
from genbench.records.record import Record
from genbench.seeds import derived

LENGTH = 64  # hexadecimal digits
PUBLIC = "0" * LENGTH  # in the place of the run's secret, for the harness's own models: they need not be surprised


def secrets_of(trials: Sequence[Trial], secret: str, dataset_sha256: str, replayed: Sequence[Record]) -> dict[str, str]:
    """The secret of each trial, by its slug. A control's is no secret: its results are the same in every run's folder.

    Args:
        secret: the run's.
        replayed: records whose trials draw with their secrets again.
    Raises:
        GenbenchError: a record is of other data, of no trial of this run, or of a time before there were secrets.
    """
    roots = {trial.slug: PUBLIC if trial.model.plugin.is_builtin else secret for trial in trials}
    own = {t.slug: derived(roots[t.slug], "trial", t.reference, dataset_sha256, t.seed) for t in trials}
    slugs = {(trial.reference, trial.seed): trial.slug for trial in trials}
    for record in replayed:
        what = f"the record of {record.model.reference}, seed {record.seed}"
        slug = slugs.get((record.model.reference, record.seed))
        if record.dataset.sha256 != dataset_sha256:
            raise GenbenchError(f"--replay: {what}, is of other data than this run's")
        if slug is None:
            raise GenbenchError(f"--replay: {what}, belongs to no trial of this run; choose that model and seed")
        if len(record.secret) != LENGTH:
            raise GenbenchError(f"--replay: {what}, holds no secret: it was written before there were any")
        own[slug] = record.secret
    return own
