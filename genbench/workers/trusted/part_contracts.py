"""Holds metrics, datasets and extractors against what their contracts say."""

import hashlib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue import parts
from genbench.contracts.dataset import SPLITS, Splits
from genbench.contracts.extractor import Extractor
from genbench.errors import GenbenchError, Unsuitable
from genbench.execution.channel import Markers
from genbench.files.sequences import cut
from genbench.protocol.probing import PartInputs, Probed
from genbench.records.checks import CheckFinding, broken, doubtful, inapplicable, ok
from genbench.records.space import Space
from genbench.scoring.battery import CHECKS, findings
from genbench.scoring.extraction import loaded
from genbench.store import datasets
from genbench.store.extractor_weights import GivenWeights, located
from genbench.workers.source import defined

DUPLICATES = 0.01  # share of a split's rows that real data may have in common with another one
CLOSE = 1e-4  # relative: what float32 sums in another order may change in a feature
FALLBACK = (Space((1, 28, 28), 256), Space((3, 32, 32), 256), Space((64,), None))
ROWS = 12


def metric(folder: Path, inputs: PartInputs, markers: Markers) -> Probed:
    """The battery, a finding for each check of it that something was found in."""
    cls = parts.metrics([inputs.choice.plugin]).named(inputs.choice.name)
    with markers.timed("run"):
        found = findings(cls)
    where = defined(cls.score)
    told = [broken("battery", f.check, "what its declaration says", f.words, where) for f in found]
    sound = [name for name in CHECKS if name not in {f.check for f in found}]
    if cls.reads:
        told.append(inapplicable("battery", "", "it reads an exam, and the battery asks no questions"))
    elif sound and "declaration" not in {f.check for f in found}:
        told.append(ok("battery", "", f"keeps to its declaration in {', '.join(sound)}"))
    return Probed(tuple(told))


def dataset(folder: Path, inputs: PartInputs, markers: Markers) -> Probed:
    """The same splits at each call, which share no rows."""
    source = parts.dataset_named(inputs.choice.name, inputs.parts, inputs.data_root)
    where = defined(source.splits)
    with markers.timed("run"):
        try:
            first = source.splits()
        except GenbenchError as error:
            return Probed((inapplicable("splits", "", f"the data are not there: {error}"),))
        except ValueError as error:  # of Splits: what lies outside of the Space
            return Probed((broken("splits", "", "four splits in the Space", str(error), where),))
        again = source.splits().sha256
        found = [_told(first), *_shared(first, where), *_declared(source, where)]
    if again != first.sha256:
        found.append(broken("content", "", "the same content at every call", "another hash at the second", where))
    return Probed(tuple(found), first.sha256)


def _told(splits: Splits) -> CheckFinding:
    rows = ", ".join(f"{len(getattr(splits, name)):,} {name}" for name in SPLITS)
    cut = "; held is cut from train" if splits.held_is_cut else ""
    return ok("splits", "", f"{splits.space}: {rows}{cut}")


def _shared(splits: Splits, where: str) -> Iterator[CheckFinding]:
    """The rows that two splits have in common."""
    rows = {name: _digests(getattr(splits, name).x) for name in SPLITS}
    worst = 0
    for one, other in combinations(SPLITS, 2):
        common = len(rows[one] & rows[other])
        worst = max(worst, common)
        share = common / min(len(rows[one]), len(rows[other]))
        words = f"{common:,} equal rows, {share:.1%} of the smaller one"
        if share > DUPLICATES:
            yield broken("disjoint", f"{one} and {other}", "no rows in common", words, where)
        elif common:
            yield doubtful("disjoint", f"{one} and {other}", f"{words}: are they doubles in the data themselves?")
    if not worst:
        yield ok("disjoint", "", "no two splits have a row in common")


def _digests(x: NDArray[np.generic]) -> set[bytes]:
    return {hashlib.sha256(np.ascontiguousarray(row).data).digest() for row in x}


def _declared(source: object, where: str) -> Iterator[CheckFinding]:
    for name in ("source", "license"):
        if not getattr(source, name, ""):
            yield doubtful("declaration", name, f"{name} is empty: the board shows it beside the data")


def extractor(folder: Path, inputs: PartInputs, markers: Markers) -> Probed:
    """The same finite features for the same samples, in whatever batch."""
    cls = parts.extractors([inputs.choice.plugin]).named(inputs.choice.name)
    try:
        files = located(GivenWeights(), {cls.name: cls.weights} if cls.weights is not None else {})
    except GenbenchError as error:
        return Probed((inapplicable("features", "", str(error)),))
    found = []
    with markers.timed("run"):
        for space in (datasets.read_space(inputs.data.path), *FALLBACK):
            try:
                own, again = (loaded(cls, space, "cpu", files) for _ in range(2))
            except Unsuitable as error:
                found.append(inapplicable("features", str(space), f"refused: {error}"))
                continue
            found += _features(own, again, space)
            break
    return Probed(tuple(found))


def _features(own: Extractor, again: Extractor, space: Space) -> Iterator[CheckFinding]:
    x = _samples(space)
    kept, where, of = x.clone(), defined(own.features), str(space)
    with torch.no_grad():
        whole, second = own.features(x), again.features(x.clone())
        if (
            not isinstance(whole, torch.Tensor)
            or whole.dtype != torch.float32
            or whole.dim() != 2
            or len(whole) != ROWS
        ):
            form = f"{whole.dtype} {tuple(whole.shape)}" if isinstance(whole, torch.Tensor) else type(whole).__name__
            yield broken("features", of, f"float32 [{ROWS}, d]", form, where)
            return
        rows = torch.cat([own.features(row[None]) for row in x])
    scale = float(whole.abs().max()) or 1.0
    drift = float((rows - whole).abs().max()) / scale
    faults = {
        "finite features": "" if torch.isfinite(whole).all() else "NaN or infinite ones",
        "samples that are left as they were": "" if torch.equal(x, kept) else "changed ones",
        "the same features of a second instance": "" if torch.equal(whole, second) else "other ones",
        "the same features in any batch": "" if drift <= CLOSE else f"a difference of {drift:.2g} of their range",
        "other features of other samples": "" if bool((whole.std(0) > 0).any()) else "the same for all",
        f"dim = {own.dim} features": "" if own.dim in (None, 0, whole.shape[1]) else str(whole.shape[1]),
    }
    for expected, got in faults.items():
        if got:
            yield broken("features", of, expected, got, where)
    if not any(faults.values()):
        yield ok(
            "features", of, f"{whole.shape[1]} a sample, finite, repeatable, the same in any batch; {own.identity}"
        )


def _samples(space: Space) -> torch.Tensor:
    """[ROWS, *shape] of noise in the storage dtype, each row of another mean."""
    rng, shape = np.random.default_rng(0), (ROWS, *space.shape)
    if space.levels is None:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))
    share = np.linspace(0.1, 1, ROWS).reshape(-1, *[1] * len(space.shape))
    x = (rng.random(shape) * share * space.levels).astype(space.storage)
    return torch.from_numpy(x if space.end is None else cut(x, space.end))
