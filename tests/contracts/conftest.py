"""Runs of many small plugins, on integers and on real numbers, whose records the tests of this folder read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny

from genbench.execution.supervisor import Supervisor

PLUGINS = Path(__file__).parent / "plugins"
MODELS = {
    "spaces": ["noise", "floats", "bytes", "too-high", "negative", "flat", "one-short", "sparse", "listed", "repeats"],
    "budgets": ["logs", "logs[width=32,scale=2.5,fast=true,kind=square]", "staged", "starved", "leftover"],
    "capabilities": [
        *("obedient", "deaf", "mapped", "odd"),
        *("bounded", "bounded[exact=false]", "half-broken", "broken-first"),
    ],
    "densities": ["uniform", "positive", "per-pixel", "undefined", "whole", "raises"],
    "reloads": [
        *("none-buffer", "grown-buffer", "tied", "plain-dict"),
        *("drawn-permutation", "lost-density", "extra-state", "late-parameter"),
    ],
    "wrapped": [
        *("lazy", "never-called", "tensor-state", "compiled", "parallel", "averaged", "added", "pruned", "normed"),
        *("halved", "pairs", "one-by-one", "spawning"),
    ],
}
REALS = ["normal", "not-a-number", "infinite", "double", "rounded", "differentiable"]

POINTS = '''
"""A dataset of points in the plane."""

import numpy as np

import genbench


class Points(genbench.Dataset):
    """Standard normal points."""

    name, source, license = "points", "made for the tests", "CC0-1.0"

    def splits(self):
        x = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
        parts = [genbench.Examples(rows) for rows in np.split(x, 4)]
        return genbench.Splits(genbench.Space((2,), levels=None), *parts)


@genbench.hookimpl
def genbench_datasets():
    return [Points]
'''


def _of(name: str, also: Sequence[str] = ()) -> Any:
    """A fixture of that name: the finished run of that plugin's models, and of some more, of real numbers."""

    @pytest.fixture(scope="session", name=name)
    def finished(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
        out = tmp_path_factory.mktemp(name)
        files = [PLUGINS / f"{name}.py", PLUGINS / "reals.py"]
        return tiny.run(supervisor, out, files, [*MODELS[name], *also], tiny.write_suite(out))

    return finished


spaces = _of("spaces", also=["normal"])
budgets, capabilities, densities, reloads, wrapped = map(
    _of, ("budgets", "capabilities", "densities", "reloads", "wrapped")
)


@pytest.fixture(scope="session")
def points(site: Path) -> Iterator[None]:
    """An installed distribution that offers the dataset `points`; uninstalled at the end."""
    info = site / "points-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: points\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\npoints = points_part\n")
    (site / "points_part.py").write_text(POINTS)
    yield
    (info / "entry_points.txt").unlink()


@pytest.fixture(scope="session")
def reals(points: None, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """The finished run of every model of real numbers, on an installed dataset of points."""
    out = tmp_path_factory.mktemp("reals")
    return tiny.run(supervisor, out, [PLUGINS / "reals.py"], REALS, tiny.write_suite(out, dataset="points"))
