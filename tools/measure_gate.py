"""Measure the gate against copies: its false alarms on fresh re-splits, what copies it sees, and what it costs.

    python tools/measure_gate.py alarms --data digits --splits 200
    python tools/measure_gate.py power --data digits
    python tools/measure_gate.py cost --data fashion-mnist

A re-split pools all rows of a dataset and shares them out anew in six equal parts: the four splits, fresh real data as
the samples, and the rows of a bank, which no split holds.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.mnist import FashionMnist
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.catalogue.parts import data_root_of, places_of
from genbench.contracts.dataset import SPLITS
from genbench.geometry.cloud import Indices
from genbench.geometry.nearest import nearest, nearest_others
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import product_on
from genbench.records.gates import CONTROLS, CopyVerdict, GateStatus
from genbench.records.space import Space
from genbench.scoring.extraction import embedding, loaded
from genbench.scoring.novelty.evidence import Among, Beside, InPixels, Near, in_pixels
from genbench.scoring.novelty.judgement import judged
from genbench.scoring.novelty.pairs import distinct, flat
from genbench.scoring.novelty.repeats import FAMILY, families, repeats

Images = NDArray[np.uint8]
DATA = {"digits": (Digits, DigitsNet), "fashion-mnist": (FashionMnist, Pixels)}
PARTS = (*SPLITS, "fresh", "bank")
SHARES = (0.02, 0.04, 0.1, 1.0)
CPU, PRODUCT = "cpu", product_on(None)


@dataclass
class Pool:
    """All rows of a dataset, and what makes their features."""

    x: Images
    space: Space
    embed: Callable[[NDArray[Any]], NDArray[np.float32]]

    @classmethod
    def of(cls, name: str) -> "Pool":
        """The pool of a dataset."""
        dataset, extractor = DATA[name]
        found = dataset()
        found.places = places_of(data_root_of(""))
        splits = found.splits()
        x = np.concatenate([getattr(splits, split).x for split in SPLITS])
        return cls(x, splits.space, embedding(loaded(extractor, splits.space, CPU, {}), CPU))

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """Of every row."""
        return self.embed(self.x)

    def parts(self, seed: int, most: int) -> Mapping[str, Indices]:
        """The rows of a re-split: equal parts of at most so many."""
        order, size = np.random.default_rng(seed).permutation(len(self.x)), min(most, len(self.x) // len(PARTS))
        return {name: order[i * size : (i + 1) * size] for i, name in enumerate(PARTS)}


class Board:
    """A re-split, with the control's side of every test."""

    def __init__(self, pool: Pool, rows: Mapping[str, Indices]) -> None:
        self.pool, self.parts = pool, {name: pool.x[chosen] for name, chosen in rows.items()}
        self._features = {name: pool.features[chosen] for name, chosen in rows.items()}
        self._known = {name: self.parts[name][distinct(self.parts[name])] for name in CONTROLS}
        self._control = {
            name: self._near(self.parts[control], self._features[control], name) for name, control in CONTROLS.items()
        }
        self._others = nearest(flat(self.parts["held"]), flat(self.parts["test"]), PRODUCT, FAMILY + 1)
        self.fresh = {name: self._near(self.parts["fresh"], self._features["fresh"], name) for name in CONTROLS}

    def near(self, x: Images) -> dict[str, Near]:
        """How near samples come to each set."""
        features = self.pool.embed(x)
        return {name: self._near(x, features, name) for name in CONTROLS}

    def _near(self, x: Images, features: NDArray[np.float32], against: str) -> Near:
        pixels = in_pixels(x, self._known[against], PRODUCT, np.random.default_rng(0))
        return Near(nearest(features, self._features[against], PRODUCT), pixels)

    def verdict(self, copies: Images, near: Mapping[str, Near], share: float) -> CopyVerdict:
        """What the gate says of fresh real data with a share of copies, of which it is known how near they come."""
        found = {name: Beside(mixed(near[name], self.fresh[name], share), self._control[name]) for name in CONTROLS}
        x = joined(copies, self.parts["fresh"], share)
        kin = families(nearest_others(flat(x), PRODUCT, FAMILY + 1), self._others)
        return judged(found, "", Among(repeats(x, self.parts["held"]), kin))


def joined(copies: NDArray[Any], fresh: NDArray[Any], share: float) -> NDArray[Any]:
    """A share of the copies' rows, and of the fresh ones' the rest."""
    count = round(share * len(fresh))
    return np.concatenate([copies[:count], fresh[count:]])


def mixed(copies: Near, fresh: Near, share: float) -> Near:
    """How near such samples come."""
    own, other = copies.pixels, fresh.pixels
    pixels = InPixels(
        _nearest(own.nearest, other.nearest, share),
        joined(own.residuals, other.residuals, share),
        joined(own.likeness, other.likeness, share),
    )
    return Near(_nearest(copies.features, fresh.features, share), pixels)


def _nearest(copies: Nearest, fresh: Nearest, share: float) -> Nearest:
    return Nearest(joined(copies.squared, fresh.squared, share), joined(copies.indices, fresh.indices, share))


class Forger:
    """Copies of every kind.

    Args:
        parts: what may be copied.
        levels: of the images.
    """

    def __init__(self, parts: Mapping[str, Images], levels: int, seed: int) -> None:
        self._parts, self._top, self._rng = parts, levels - 1, np.random.default_rng(seed)

    def kinds(self) -> Mapping[str, Callable[[int], NDArray[Any]]]:
        """Name → draws n copies, in levels, neither rounded nor clipped."""
        kept = {name: (lambda n, name=name: self._rows(n, name)) for name in ("train", "valid", "test", "held")}
        return {
            **{f"{name} replay": draw for name, draw in kept.items()},
            "shift 1 px": lambda n: np.roll(self._rows(n), 1, -1),
            "rotation 8°": lambda n: ndimage.rotate(self._rows(n), 8, (2, 3), reshape=False, order=1),
            "brightness .8": lambda n: 0.8 * self._rows(n),
            "blur": lambda n: ndimage.gaussian_filter(self._rows(n), (0, 0, 0.6, 0.6)),
            "inversion": lambda n: self._top - self._rows(n),
            "flip": lambda n: self._rows(n)[..., ::-1],
            "noise ±1": lambda n: self._jittered(self._rows(n), 1),
            "mixup of two": lambda n: self._mixed(n, 2),
            "SMOTE of three": lambda n: self._mixed(n, 3),
            "quadrant swap": self._quadrants,
            "local means": self._means,
            "bank": lambda n: self._bank(n, 0),
            "jittered bank": lambda n: self._bank(n, 1),
        }

    def _rows(self, n: int, of: str = "train") -> NDArray[np.float64]:
        return self._parts[of][self._rng.choice(len(self._parts[of]), n, n > len(self._parts[of]))].astype(float)

    def _near(self, n: int, k: int) -> NDArray[np.float64]:
        """n rows of train with the k nearest others to each, [n, 1 + k, *shape]."""
        train = flat(self._parts["train"])
        rows = self._rng.choice(len(train), n, n > len(train))
        near = nearest(train[rows], train, PRODUCT, k + 1).indices
        return self._parts["train"][near].astype(float)

    def _mixed(self, n: int, members: int) -> NDArray[np.float64]:
        near = self._near(n, 5)
        weights = self._rng.dirichlet([2.0] * members, n)
        others = [1 + self._rng.permutation(5)[: members - 1] for _ in range(n)]
        parts = [near[np.arange(n), [0] * n]] + [near[np.arange(n), [o[j] for o in others]] for j in range(members - 1)]
        return sum(weights[:, j, None, None, None] * part for j, part in enumerate(parts))

    def _quadrants(self, n: int) -> NDArray[np.float64]:
        near, half = self._near(n, 1), self._parts["train"].shape[-1] // 2
        x = near[:, 0].copy()
        x[..., :half, :half] = near[:, 1, ..., :half, :half]
        return x

    def _means(self, n: int) -> NDArray[np.float64]:
        return self._near(n, 4).mean(1)

    def _bank(self, n: int, jitter: int) -> NDArray[np.float64]:
        x = self._parts["bank"][self._rng.integers(0, len(self._parts["bank"]), n)].astype(float)
        return self._jittered(x, jitter)

    def _jittered(self, x: NDArray[Any], jitter: int) -> NDArray[np.float64]:
        return x + self._rng.integers(-jitter, jitter + 1, x.shape)

    def copies(self, draw: Callable[[int], NDArray[Any]]) -> Images:
        """As many copies as there are fresh rows."""
        fresh = self._parts["fresh"]
        return draw(len(fresh)).round().clip(0, self._top).astype(fresh.dtype)


def alarms(pool: Pool, seeds: range, most: int) -> Iterator[str]:
    """How often fresh real data are flagged, by which test."""
    told: Counter[str] = Counter()
    flagged = 0
    for seed in seeds:
        board = Board(pool, pool.parts(seed, most))
        verdict = board.verdict(board.parts["fresh"], board.fresh, 0)
        flagged += verdict.status is GateStatus.FLAGGED
        told.update(f"{test.test} {test.where}" for test in verdict.tests if test.flagged)
    yield f"{flagged} of {len(seeds)} re-splits flagged ({len(board.parts['fresh'])} samples each)"
    yield from (f"    {count} {test}" for test, count in told.most_common())


def power(pool: Pool, seeds: range, most: int) -> Iterator[str]:
    """How often each kind of copy is flagged, by share, and by which tests at the full share."""
    found: Counter[tuple[str, float]] = Counter()
    tests: dict[str, Counter[str]] = {}
    for seed in seeds:
        board = Board(pool, pool.parts(seed, most))
        forger = Forger(board.parts, pool.space.levels or 256, seed)
        for kind, draw in forger.kinds().items():
            copies = forger.copies(draw)
            near = board.near(copies)
            for share in SHARES:
                verdict = board.verdict(copies, near, share)
                found[kind, share] += verdict.flagged
                if share == 1:
                    tests.setdefault(kind, Counter()).update({test.test for test in verdict.tests if test.flagged})
    yield f"{len(board.parts['fresh'])} samples, {len(seeds)} re-splits; smallest detectable share {verdict.detectable}"
    yield "| kind | " + " | ".join(f"{share:.0%}" for share in SHARES) + " | at 100 % by |"
    yield "|---|" + "---|" * (len(SHARES) + 1)
    for kind, by in tests.items():
        shares = " | ".join(f"{found[kind, share] / len(seeds):.2f}" for share in SHARES)
        yield f"| {kind} | {shares} | {', '.join(f'{test} {count / len(seeds):.2f}' for test, count in by.items())} |"


def cost(pool: Pool, seeds: range, most: int) -> Iterator[str]:
    """CPU seconds of the samples' side against 50,000 rows, and of all sets."""
    from genbench.scoring.novelty import evidence, span, transformed

    x, known = pool.x[:most], pool.x[most : most + 50_000]
    start = time.process_time()
    near = nearest(flat(x), flat(known), PRODUCT, span.ROWS)
    yield f"nearest of {len(x)} samples among {len(known)} rows: {time.process_time() - start:.1f} CPU s"
    start = time.process_time()
    span.residuals(flat(x), flat(known), near.indices)
    yield f"span: {time.process_time() - start:.1f} CPU s"
    start = time.process_time()
    transformed.likeness(evidence.some(x, np.random.default_rng(0)), known)
    yield f"transformed of {transformed.MOST}: {time.process_time() - start:.1f} CPU s"
    start = time.process_time()
    nearest_others(flat(x), PRODUCT, FAMILY + 1)
    yield f"near-repeats: {time.process_time() - start:.1f} CPU s"


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("alarms", "power", "cost"))
    parser.add_argument("--data", choices=tuple(DATA), default="digits")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first re-split, to share them out")
    parser.add_argument("--most", type=int, default=10_000, help="rows of a part")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.first, options.first + options.splits)
    measure = {"alarms": alarms, "power": power, "cost": cost}[options.what]
    for line in measure(Pool.of(options.data), seeds, options.most):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
