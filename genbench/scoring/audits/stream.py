"""Stream: all that a density is asked for in a run, shuffled, so that it cannot tell the test rows from the decoys.

Beside the test rows it is asked for valid rows, uniform noise, test rows with one entry moved by one level, draws of
two densities whose sum is known, and its own samples: at most three times as many as there are test rows. Two processes
get a half each; some rows are in both, beside others there or beside the same. A row and its moved neighbour are never
in the same half.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from genbench.files.sequences import cut, token_counts
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import autoregression
from genbench.scoring.audits.kernels import MAX_LEVELS, Kernels

CENTRES = 500  # valid rows that the kernels lie around
FITTED = 10_000  # train rows that the linear autoregression is fitted to
OWN_SHOWN = 32  # of its own samples, where they are not judged
OWN_JUDGED = 3000  # of them at most, where they are
SMALL = 6  # rows of the largest of the small batches: those that both halves hold, and as many others

Rows = NDArray[np.integer] | NDArray[np.floating]


class Role(IntEnum):
    """What a row is asked for."""

    TEST = 0
    VALID = 1
    NOISE = 2
    MOVED = 3  # a test row with one entry moved by one level
    KERNEL = 4  # a draw of kernels around valid rows
    LINEAR = 5  # a draw of a linear autoregression fitted to train
    OWN = 6


@dataclass(frozen=True)
class Counts:
    """How many rows of each role a stream holds, for R test rows."""

    valid: int
    noise: int
    moved: int
    draws: int
    """Of each known density; each of them is asked for twice."""
    own: int
    repeated: int
    """Test rows that are asked for twice: half of them beside the same rows, in the same small batches."""


@dataclass(frozen=True)
class RealData:
    """The real data that audits need: [N, *shape] of the storage dtype each, and their Space."""

    space: Space
    train: Rows
    valid: Rows
    test: Rows


@dataclass(frozen=True)
class Half:
    """What one process is asked.

    Args:
        rows: [M, *shape].
        ends: [B] of its batches.
        role, place: [M] int64: what each row is asked for, and which of that role it is.
        alike: [M] int64: 1 where the row stands in a batch that both halves hold.
    """

    rows: Rows
    ends: NDArray[np.int64]
    role: NDArray[np.int64]
    place: NDArray[np.int64]
    alike: NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """Both halves, and what is known of the rows.

    Args:
        halves: what each process is asked.
        tested: [R] indices of the test rows, ascending.
        moved: [S] places of the test rows that are also asked for with one entry moved.
        kernel, linear: [draws] log q of the draws of the known densities, nats; empty where there is no such density.
        verified: [V] places of the test rows that are also asked for entry by entry, in the `verify` stage.
    """

    halves: tuple[Half, Half]
    tested: NDArray[np.int64]
    moved: NDArray[np.int64]
    kernel: NDArray[np.float64]
    linear: NDArray[np.float64]
    verified: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def counts(rows: int, kind: Likelihood | None, valid: int, samples: int) -> Counts:
    """The counts for `rows` test rows; decoys and repeats together are at most three times as many.

    Args:
        kind: of the density; only of an exact one are its own samples judged.
        valid, samples: how many there are.
    """
    few = max(2, rows // 8)
    exact = kind is Likelihood.EXACT
    own = min(rows + rows // 2, OWN_JUDGED) if exact else OWN_SHOWN
    # A bound scatters, and its scatter has to be known from many batches.
    repeated = 2 * min(24, rows // 8) if exact else 2 * min(48, rows // 4)
    return Counts(
        min(valid, 100, rows // 4), min(32, few), min(100, rows // 4), min(40, few), min(own, samples), repeated
    )


def own_rows(rows: int, kind: Likelihood | None, samples: int) -> int:
    """How many of a model's own samples, the first ones, it is asked for."""
    return counts(rows, kind, 0, samples).own


def kernels(space: Space, valid: Rows) -> Kernels | None:
    """The density around valid rows; None where there are too many levels for its tables."""
    if space.levels is None or space.levels > MAX_LEVELS:
        return None
    return Kernels(np.array(valid[:CENTRES]).reshape(-1, space.dim).astype(np.int64), space.levels, space.end)


def composed(
    real: RealData, samples: Rows, kind: Likelihood | None, rows: int, batch: int, rng: np.random.Generator
) -> Stream:
    """A stream.

    Args:
        samples: [n, *shape] of the described sampler.
        kind: what the model says that its nats are; None where it did not say.
        rows: how many test rows, at most as many as there are; 0: all.
        batch: the most rows of a call.
        rng: made of a secret of the run.
    """
    tested = chosen(len(real.test), rows or len(real.test), rng)
    found = counts(len(tested), kind, len(real.valid), len(samples))
    if real.space.levels is None:  # nothing sums to one: there is nothing that decoys could tell
        found = Counts(0, 0, 0, 0, 0, found.repeated)
    repeated = rng.permutation(len(tested))[: found.repeated]
    single = np.setdiff1d(np.arange(len(tested)), repeated)
    moved = rng.permutation(single)[: found.moved]
    shown: dict[Role, Rows] = {
        Role.TEST: real.test[tested],
        Role.VALID: real.valid[chosen(len(real.valid), found.valid, rng)],
        Role.NOISE: _noise(real.space, found.noise, rng),
        Role.MOVED: _moved(np.array(real.test[tested[moved]]), real.space, rng),
        Role.OWN: samples[: found.own],
    }
    known = {Role.KERNEL: kernels(real.space, real.valid), Role.LINEAR: _linear(real, rng)}
    log_q = {role: np.empty(0) for role in known}
    for role, q in known.items():
        if q is not None and found.draws:
            x = q.draw(found.draws, rng)
            shown[role], log_q[role] = x.reshape(-1, *real.space.shape), q.log_prob(x)
    halves = _halves(shown, moved, repeated, batch, rng)
    return Stream(halves, tested, moved, log_q[Role.KERNEL], log_q[Role.LINEAR])


def _linear(real: RealData, rng: np.random.Generator) -> autoregression.LinearAutoregression | None:
    if real.space.levels is None or len(real.train) < 2:
        return None
    rows = real.train[chosen(len(real.train), FITTED, rng)]
    rows = np.array(rows).reshape(len(rows), real.space.dim).astype(np.int64)
    return autoregression.fitted(rows, real.space.levels, real.space.end)


def chosen(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` different places in [0, n), ascending; all where there are fewer."""
    return np.sort(rng.permutation(n)[:count])


def _noise(space: Space, count: int, rng: np.random.Generator) -> Rows:
    """Uniform noise [count, *shape]; of a sequence up to its first end."""
    noise = rng.integers(space.levels or 1, size=(count, *space.shape))
    return noise if space.end is None else cut(noise, space.end)


def _moved(x: Rows, space: Space, rng: np.random.Generator) -> Rows:
    """Rows [N, *shape] with one entry of each, of a sequence one that it tells, moved by one level, either way."""
    flat, levels = x.reshape(len(x), math.prod(x.shape[1:])).astype(np.int64), space.levels or 0
    if len(flat):
        at = np.arange(len(flat)), rng.integers(token_counts(flat, space.end))
        step = np.where(flat[at] == 0, 1, np.where(flat[at] == levels - 1, -1, rng.choice((-1, 1), size=len(flat))))
        flat[at] += step
    return cut(flat, space.end).reshape(x.shape)


@dataclass(frozen=True)
class _Item:
    role: Role
    place: int


def _halves(
    shown: dict[Role, Rows], moved: NDArray[np.int64], repeated: NDArray[np.int64], batch: int, rng: np.random.Generator
) -> tuple[Half, Half]:
    """Every row in a half, those that are asked for twice in both; in batches of random sizes, in random order."""
    alike = [_Item(Role.TEST, int(place)) for place in repeated[: len(repeated) // 2]]
    twice = [_Item(Role.TEST, int(place)) for place in repeated[len(repeated) // 2 :]]
    twice += [_Item(role, place) for role in (Role.KERNEL, Role.LINEAR) for place in range(len(shown.get(role, ())))]
    sides: tuple[list[_Item], list[_Item]] = [*twice], [*twice]
    at = rng.integers(2, size=len(shown[Role.TEST]))
    for place in np.setdiff1d(np.arange(len(at)), repeated):
        sides[at[place]].append(_Item(Role.TEST, int(place)))
    for index, place in enumerate(moved):
        sides[1 - at[place]].append(_Item(Role.MOVED, index))
    for role in (Role.VALID, Role.NOISE, Role.OWN):
        for place in range(len(shown[role])):
            sides[int(rng.integers(2))].append(_Item(role, place))
    same = list(_cut(alike, 2, min(SMALL, batch), rng))
    first, second = (_half(_batches(side, len(same), batch, rng), same, shown, rng) for side in sides)
    return first, second


def _batches(items: list[_Item], small: int, batch: int, rng: np.random.Generator) -> list[list[_Item]]:
    """Items in random order, the first of them in `small` batches like those that both halves hold."""
    items = [items[index] for index in rng.permutation(len(items))]
    found = list(islice(_cut(items, 2, min(SMALL, batch), rng), small))
    return found + list(_cut(items[sum(map(len, found)) :], (batch + 1) // 2, batch, rng))


def _cut(items: list[_Item], least: int, most: int, rng: np.random.Generator) -> Iterator[list[_Item]]:
    """Items in batches of random sizes, the last of what is left."""
    left = items
    while left:
        size = int(rng.integers(min(least, most), most + 1))
        yield left[:size]
        left = left[size:]


def _half(own: list[list[_Item]], same: list[list[_Item]], shown: dict[Role, Rows], rng: np.random.Generator) -> Half:
    batches = [(found, 0) for found in own] + [(found, 1) for found in same]
    batches = [batches[index] for index in rng.permutation(len(batches))]
    flat = [item for found, _ in batches for item in found]
    shape, dtype = shown[Role.TEST].shape[1:], shown[Role.TEST].dtype
    rows = np.empty((len(flat), *shape), dtype)
    for index, item in enumerate(flat):
        rows[index] = shown[item.role][item.place]
    return Half(
        rows,
        np.cumsum([len(found) for found, _ in batches], dtype=np.int64),
        np.array([item.role for item in flat], np.int64),
        np.array([item.place for item in flat], np.int64),
        np.array([alike for found, alike in batches for _ in found], np.int64),
    )
