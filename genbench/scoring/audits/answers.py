"""Answers: what a density said of a stream, sorted by what it was asked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.scoring.audits.stream import Role, Rows, Stream

Nats = NDArray[np.float64]


@dataclass(frozen=True)
class Twice:
    """Rows that both halves were asked for.

    Args:
        nats: [2, T], both answers.
        batches: [2, T] int64, which batch of its half each was asked in.
    """

    nats: Nats
    batches: NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """Nats of the rows of a stream, by their roles and in the order of their places.

    Args:
        test: [R] of the test rows; of one that was asked for twice, the first answer.
        moved: [2, S] of test rows and of the same with one entry moved.
        valid, noise, own: [V], [N], [O].
        kernel, linear: [2, K], [2, K] of draws of the known densities, both answers.
        noise_rows: [N, *shape], which noise it was.
        alike: test rows that were asked for twice beside the same rows.
        elsewhere: test rows that were asked for twice beside others.
    """

    test: Nats
    moved: Nats
    valid: Nats
    noise: Nats
    noise_rows: Rows
    own: Nats
    kernel: Nats
    linear: Nats
    alike: Twice
    elsewhere: Twice


def sorted_by(stream: Stream, said: tuple[Nats, Nats]) -> Answers:
    """The answers, from the nats of both halves in the order in which they were asked.

    Raises:
        InvalidEvidence: not one number a row.
    """
    for half, nats in zip(stream.halves, said, strict=True):
        if nats.dtype != np.float64 or nats.shape != (len(half.role),):
            raise InvalidEvidence(f"nats are {nats.dtype} {nats.shape}, expected float64 [{len(half.role)}]")
    role = np.concatenate([half.role for half in stream.halves])
    place = np.concatenate([half.place for half in stream.halves])
    alike = np.concatenate([half.alike for half in stream.halves])
    batch = np.concatenate([np.searchsorted(half.ends, np.arange(len(half.role)), "right") for half in stream.halves])
    nats = np.concatenate(said)

    def of(wanted: Role) -> Nats:
        """[N] of the rows that were asked for once, else both answers one after the other."""
        return nats[_ordered(role, place, wanted)]

    tests = np.flatnonzero(role == Role.TEST)
    tests = tests[np.argsort(place[tests], kind="stable")]  # the first half's answer comes before the second's
    _, first, times = np.unique(place[tests], return_index=True, return_counts=True)
    pairs = np.stack([tests[first[times == 2]], tests[first[times == 2] + 1]])  # [2, T]
    same = alike[pairs[0]] == 1
    test, kernel, linear = nats[tests[first]], of(Role.KERNEL).reshape(-1, 2).T, of(Role.LINEAR).reshape(-1, 2).T
    return Answers(
        test,
        np.stack([test[stream.moved], of(Role.MOVED)]),
        of(Role.VALID),
        of(Role.NOISE),
        np.concatenate([half.rows for half in stream.halves])[_ordered(role, place, Role.NOISE)],
        of(Role.OWN),
        kernel,
        linear,
        *(Twice(nats[pairs[:, chosen]], batch[pairs[:, chosen]]) for chosen in (same, ~same)),
    )


def _ordered(role: NDArray[np.int64], place: NDArray[np.int64], wanted: Role) -> NDArray[np.intp]:
    """Where the rows of a role stand, in the order of their places."""
    found = np.flatnonzero(role == wanted)
    ordered: NDArray[np.intp] = found[np.argsort(place[found], kind="stable")]
    return ordered
