"""Asks a density for what the audits judge. Runs the plugin's code, and judges nothing itself."""

from bdb import BdbQuit
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.dataset import Examples
from genbench.contracts.model import Conditional, Density, Model
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.execution.channel import Markers
from genbench.execution.child import described
from genbench.protocol.inputs import Subject
from genbench.protocol.stages.audit import AUDIT_FILE, AuditFacts, AuditInputs
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import rungs
from genbench.scoring.audits.findings import total
from genbench.scoring.audits.stream import own_rows
from genbench.seeds import secret_seed, seed_for
from genbench.store import datasets
from genbench.store.tensors import narrowed, read_samples, write_tensors
from genbench.workers.untrusted.instance import model_class, reloaded, seed_all, seed_secretly
from genbench.workers.untrusted.refit import nats_of, refitted

STATES_A_CALL = 4096  # of a tiny space
ROUNDS = (2, 8, 16, 32, 64)  # evaluations of every state, until the scatter hides nothing
DRAWS = 2**14  # samples of the tiny model, of an exact density
REASON_LIMIT = 200  # characters of why a rung was refused


def audit(folder: Path, inputs: AuditInputs, markers: Markers) -> AuditFacts:
    """Ask the same class on a tiny space, and the model fitted to its own samples; leaves nats.

    Raises:
        Unsuitable: samples are real numbers, whose density may be anything. GenbenchError: the model is no Density.
    """
    subject = inputs.fitted.subject
    space, device = datasets.read_space(inputs.data.path), torch.device(subject.device)
    if space.levels is None:
        raise Unsuitable("samples are real numbers: nothing has to sum to 1")
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device)
        if not isinstance(model, Density):
            raise GenbenchError(f"{subject.model} is no Density")
        kind = model.likelihood
    with markers.timed("audit") as timed:
        ladder = rungs.ladder(space) if kind is not Likelihood.ESTIMATE else []  # an estimate need not sum to 1
        table, drawn, rung, refused = _climbed(subject, ladder, kind, timed.secret)
        markers.progress(0, 0.5)
        refit, why = _refit(inputs, space, kind)
    arrays = {"table": table, "drawn": drawn, "refit": refit}
    write_tensors(folder / AUDIT_FILE, {name: torch.from_numpy(array) for name, array in arrays.items()})
    return AuditFacts(kind, rung, refused, why)


def _refit(inputs: AuditInputs, space: Space, kind: Likelihood) -> tuple[NDArray[np.float64], str]:
    """Nats of the second half of its own samples under the model fitted to all others, or why there are none."""
    x, y = read_samples(inputs.samples.path, space, inputs.count)
    own = own_rows(inputs.rows, kind, len(x))
    judged = np.zeros(len(x), bool)
    judged[own // 2 : own] = True
    if kind is not Likelihood.EXACT:
        return np.empty(0), ""
    if own < 2:
        return np.empty(0), "two samples are the least that can be split"
    try:
        others = Examples(x[~judged], None if y is None else y[~judged])
        model = refitted(inputs.fitted, space, others, inputs.images, inputs.seconds_cpu)
        return nats_of(model, space, x[judged], inputs.batch, inputs.fitted.subject.device), ""
    except BdbQuit:
        raise  # who quits a debugger says nothing of the model
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything where it was never run before
        return np.empty(0), _told(error)


def _nats(model: Density, x: NDArray[Any], batch: int, device: str, secret: str, *names: object) -> NDArray[np.float64]:
    """log_prob of x [N, *shape] in batches, whatever it is: [N] float64 nats."""
    parts = [np.empty(0)]
    for start in range(0, len(x), batch):
        rows = torch.from_numpy(x[start : start + batch].astype(np.int64)).to(device)
        seed_secretly(secret, *names, start // batch)
        with torch.no_grad():
            nats = model.log_prob(rows)
        if not isinstance(nats, Tensor) or not nats.is_floating_point() or tuple(nats.shape) != (len(rows),):
            raise InvalidEvidence(f"log_prob() returned no {len(rows)} floating-point nats, one a sample")
        parts.append(nats.detach().cpu().double().numpy())
    return np.concatenate(parts)


def _climbed(
    subject: Subject, ladder: list[Space], kind: Likelihood, secret: str
) -> tuple[NDArray[np.float64], NDArray[np.int64], int | None, tuple[str, ...]]:
    """The nats of every state of the first tiny space that the class serves, states that it drew, and which it was."""
    refused: list[str] = []
    for index, tiny in enumerate(ladder):
        try:
            model = _fitted(subject, tiny)
            if model.likelihood is not kind:
                raise GenbenchError(f"its audit_settings make it {model.likelihood.value}, where it is {kind.value}")
            table, drawn = _table(model, tiny, subject.device, secret), _drawn(model, tiny, subject.device, secret)
            return table, drawn, index, tuple(refused)
        except BdbQuit:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything where it was never run before
            refused.append(f"{tiny}: {_told(error)}"[:REASON_LIMIT])
    return np.empty((0, 0)), np.empty(0, np.int64), None, tuple(refused)


def _told(error: Exception) -> str:
    return described(error)[1][:REASON_LIMIT]


def _fitted(subject: Subject, tiny: Space) -> Any:
    """The trial's model with its class's audit settings, briefly fitted to the tiny data."""
    cls: Any = model_class(subject)
    device = torch.device(subject.device)
    seed_all("audit", "fit", *subject.names)
    model = cls(tiny, **{**subject.settings, **cls.audit_settings}).to(device)
    train, valid = (Split(rungs.examples(tiny, split)) for split in ("train", "valid"))
    seed = seed_for("audit", "shuffle", *subject.names)
    model.train()
    model.fit(TrainingData(tiny, train, valid, rungs.IMAGES, device, seed))
    return model.eval()


def _table(model: Density, tiny: Space, device: str, secret: str) -> NDArray[np.float64]:
    """[R, S] nats of every state, in other batches and another order each time: an exact density gives them again."""
    every, exact = rungs.states(tiny), model.likelihood is Likelihood.EXACT
    rng = np.random.default_rng(secret_seed(secret, "order"))
    table = np.empty((0, len(every)))
    for rounds in ROUNDS:
        while len(table) < rounds:
            order, nats = rng.permutation(len(every)), np.empty(len(every))
            batch = min(STATES_A_CALL, len(every) // (1 + len(table) % 2))
            nats[order] = _nats(model, every[order], batch, device, secret, "table", len(table))
            table = np.vstack([table, nats])
        found = total(table)
        if exact or not found.spread or (rounds >= ROUNDS[1] and found.settled):
            break
    return table


def _drawn(model: Any, tiny: Space, device: str, secret: str) -> NDArray[np.int64]:
    """Places of DRAWS states of the described sampler; none where the density is not exact."""
    if model.likelihood is not Likelihood.EXACT or not isinstance(model, Model):
        return np.empty(0, np.int64)
    train = rungs.examples(tiny, "train").y if isinstance(model, Conditional) else None
    described = str(getattr(model, "described_sampler", "")) or next(iter(model.samplers))
    places = []
    for start in range(0, DRAWS, STATES_A_CALL):
        seed_secretly(secret, "draw", start)
        which = torch.randint(rungs.TRAIN, (STATES_A_CALL,))
        labels = None if train is None else torch.from_numpy(train)[which].to(device)
        with torch.no_grad():
            x = model.sample(STATES_A_CALL, labels=labels, **model.samplers[described])
        places.append(rungs.indices(narrowed(x, tiny, STATES_A_CALL).numpy(), tiny))
    return np.concatenate(places)
