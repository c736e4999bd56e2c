"""What can be wrong about a part's class is found when it is listed, in words; honest ones say what they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import genbench
from genbench.catalogue import part_classes
from genbench.catalogue.listings import SolverListing, TaskListing
from genbench.contracts.answers import Interpolator
from genbench.contracts.executor import Executor
from genbench.contracts.model import Denoiser, Density, Latent, Learner, Model
from genbench.contracts.settings import Setting
from genbench.contracts.task import Solver, Task
from genbench.errors import GenbenchError
from genbench.execution.local import LocalExecutor
from genbench.records.kinds import Axis, Direction

SAID = {"name": "mine", "source": "nobody 2026", "version": "1"}


def method(*names: str) -> Any:
    """A method that takes these arguments."""
    return eval(f"lambda self{''.join(f', {name}' for name in names)}: None")


def made(base: type, own: Mapping[str, object], without: str = "", **members: object) -> type:
    return type("Mine", (base,), {name: value for name, value in {**SAID, **own, **members}.items() if name != without})


def task(without: str = "", **members: object) -> type[Task]:
    own = {
        "__doc__": "Asks.",
        "needs": Interpolator,
        "axes": ("fidelity", "realism", "speed"),
        "pose": method("splits", "count", "rng"),
        "ask": method("able", "questions", "space"),
        "checked": method("answers", "questions", "space"),
    }
    return made(Task, own, without, **members)


def solver(without: str = "", **members: object) -> type[Solver]:
    own = {"__doc__": "Lifts.", "lifts": Latent, "to": Interpolator, "lift": method("model", "space")}
    return made(Solver, own, without, **members)


def dataset(without: str = "", **members: object) -> type[genbench.Dataset]:
    return made(genbench.Dataset, {"license": "CC0-1.0", "splits": method()}, without, **members)


def metric(without: str = "", **members: object) -> type[genbench.Metric]:
    own = {"title": "Mine", "unit": "", "axis": Axis.QUALITY, "direction": Direction.LOWER, "score": method("evidence")}
    return made(genbench.Metric, own, without, **members)


def extractor(without: str = "", **members: object) -> type[genbench.Extractor]:
    own = {"__init__": method("space", "device"), "weights_sha256": "", "features": method("x")}
    return made(genbench.Extractor, own, without, **members)


WEIGHTS = genbench.Weights("https://example.org/w.bin", "0" * 64, "nothing", "w.bin", "CC0-1.0")


class Nothing:
    """No capability."""


def _settled(self: Any, *, frames: int = 3) -> None: ...


def test_a_task_says_what_it_asks():
    found = part_classes.task_listing(task(gates=("memorisation",), controls=["blend"], __init__=_settled))
    assert found == TaskListing(
        name="mine",
        source="nobody 2026",
        version="1",
        description="Asks.",
        needs="interpolator",
        axes=("fidelity", "realism", "speed"),
        stages=("fit", "answer", "score"),
        gates=("memorisation",),
        controls=("blend",),
        settings=(Setting("frames", "int", 3),),
    )
    assert part_classes.task_listing(task(needs=Model)).needs == "generate"


def test_a_solver_says_what_it_makes_of_what():
    found = part_classes.solver_listing(solver(__init__=_settled))
    assert found == SolverListing(
        "mine", "nobody 2026", "1", "Lifts.", ("encoder", "decoder"), "interpolator", (Setting("frames", "int", 3),)
    )
    assert part_classes.solver_listing(solver(lifts=Denoiser)).lifts == ("denoiser",)


TASKS: Mapping[str, tuple[type, str]] = {
    "no pose": (task(without="pose"), "does not implement pose of Task"),
    "pose takes no generator": (
        task(pose=method("splits", "count")),
        "pose(self, splits, count): too many positional arguments; write pose(self, splits, count, rng)",
    ),
    "samples without the key": (
        task(samples=method("answers")),
        "samples(self, answers): too many positional arguments; write samples(self, answers, key)",
    ),
    "no needs": (task(without="needs"), "needs is None, expected one of genbench.Model, genbench.Density"),
    "needs a name": (task(needs="interpolator"), "needs is 'interpolator', expected one of genbench.Model"),
    "needs two": (task(needs=Latent), "needs is <class 'genbench.contracts.model.Latent'>, expected one of"),
    "needs what nobody gives": (task(needs=Nothing), "expected one of genbench.Model"),
    "two axes": (task(axes=("fidelity", "speed")), "axes is ('fidelity', 'speed'), expected 3 names"),
    "an axis twice": (task(axes=("fidelity", "fidelity", "speed")), "expected a tuple of names, each once"),
    "axes in a text": (task(axes="fidelity"), "axes is 'fidelity', expected a tuple of names"),
    "a stage that is no name": (task(stages=("Fit!",)), "one of stages's name is 'Fit!'"),
    "no version": (task(without="version"), "does not set version"),
    "version is a number": (task(version=1), "version is 1, expected a text"),
    "takes the space": (task(__init__=method("space")), "Mine: the constructor is __init__(self, *, settings…)"),
    "a solver": (solver(), "expected a class derived from genbench.Task"),
}
SOLVERS: Mapping[str, tuple[type, str]] = {
    "no lift": (solver(without="lift"), "does not implement lift of Solver"),
    "lift takes the model alone": (solver(lift=method("model")), "write lift(self, model, space)"),
    "lifts nothing": (solver(lifts=Nothing), "expected one of genbench.Model, genbench.Density"),
    "lifts a learner": (solver(lifts=Learner), "lifts is <class 'genbench.contracts.model.Learner'>, expected one of"),
    "to a name": (solver(to="interpolator"), "to is 'interpolator', expected one of"),
    "to two": (solver(to=Latent), "to is <class 'genbench.contracts.model.Latent'>, expected one of"),
    "takes the space": (solver(__init__=method("space")), "Mine: the constructor is __init__(self, *, settings…)"),
}
DATASETS: Mapping[str, tuple[type, str]] = {
    "no splits": (dataset(without="splits"), "does not implement splits of Dataset"),
    "no license": (dataset(without="license"), "does not set license"),
    "takes no argument": (dataset(__init__=method()), "is made as Mine(argument): too many positional arguments"),
    "fetch takes no folder": (dataset(fetch=method()), "write fetch(self, folder)"),
    "a name of two parts": (dataset(name="my/set"), "Mine's name is 'my/set'; names are [a-z0-9]"),
}
METRICS: Mapping[str, tuple[type, str]] = {
    "axis is a text": (metric(axis="quality"), "axis is 'quality', expected genbench.Axis.X with X of QUALITY"),
    "direction is a text": (metric(direction="up"), "direction is 'up', expected genbench.Direction.X"),
    "uses_features is a number": (metric(uses_features=1), "uses_features is 1, expected True or False"),
    "score takes two": (metric(score=method("real", "generated")), "missing a required argument: 'generated'"),
    "takes an argument": (metric(__init__=method("k")), "is made as Mine(): missing a required argument: 'k'"),
}
EXTRACTORS: Mapping[str, tuple[type, str]] = {
    "weights_sha256 is a method": (
        extractor(weights_sha256=method()),
        "weights_sha256 is a method, expected a property; write @property above it",
    ),
    "takes no file": (extractor(weights=WEIGHTS), "is made as Mine(space, device, weights): too many positional"),
    "takes no device": (extractor(__init__=method("space")), "is made as Mine(space, device): too many positional"),
    "features is None": (extractor(features=None), "features is None, expected a method features(self, x)"),
}
EXECUTORS: Mapping[str, tuple[type, str]] = {
    "unfinished": (
        type("Mine", (Executor,), {"name": "mine"}),
        "does not implement __init__ of Executor, adopt of Exec",
    ),
    "another class": (Nothing, "expected a class derived from genbench.Executor"),
}
SUITES: Mapping[str, tuple[object, str]] = {
    "not there": (Path("/nowhere/mine.toml"), "expected the path of a suite file, got PosixPath('/nowhere/mine.toml')"),
    "no path": (3, "expected the path of a suite file, got 3"),
}
SLIPS = {
    f"{kind}: {slip}": (kind, *case)
    for kind, cases in {
        "task": TASKS,
        "solver": SOLVERS,
        "dataset": DATASETS,
        "metric": METRICS,
        "extractor": EXTRACTORS,
        "executor": EXECUTORS,
        "suite": SUITES,
    }.items()
    for slip, case in cases.items()
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_and_told_with_what_was_expected(slip):
    kind, item, words = SLIPS[slip]
    with pytest.raises(GenbenchError) as caught:
        getattr(part_classes, f"{kind}_listing")(item)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_honest_parts_are_listed(tmp_path):
    (tmp_path / "mine.toml").touch()
    taking = extractor(weights=WEIGHTS, __init__=method("space", "device", "weights=None"))
    assert part_classes.dataset_listing(dataset(argument="PATH")).argument == "PATH"
    assert part_classes.metric_listing(metric(uses_features=True)).uses_features
    assert part_classes.extractor_listing(extractor()).weights == ""
    assert part_classes.extractor_listing(taking).weights == "w.bin"
    assert part_classes.executor_listing(LocalExecutor).name == "local"
    assert part_classes.suite_listing(tmp_path / "mine.toml").name == "mine"
    assert part_classes.solver_listing(solver(lifts=type("Both", (Density, Denoiser), {}))).lifts == (
        "density",
        "denoiser",
    )
