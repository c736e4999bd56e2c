"""Plan: a suite and a choice of models become trials, and a trial becomes steps; nothing has run yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genbench.protocol import suite as suites
from genbench.catalogue import Catalogue
from genbench.errors import GenbenchError
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial, chosen

DEFAULT_SUITE = "digits"


@dataclass(frozen=True)
class Step:
    """One stage of one trial.

    Args:
        trial: whose.
        stage: "fit", "sample", "audit", "density" or "score".
        sampler: which preset, for "sample"; else "".
        exclusive: whether it must be alone on the machine: its time is a result.
        after: the steps that have to end before it.
    """

    trial: Trial
    stage: str
    sampler: str = ""
    exclusive: bool = False
    after: tuple["Step", ...] = ()

    @property
    def name(self) -> str:
        """The folder of its results within the trial's."""
        return f"sample/{self.sampler}" if self.sampler else self.stage


@dataclass(frozen=True)
class Plan:
    """What a run will do."""

    suite: Suite
    catalogue: Catalogue
    trials: tuple[Trial, ...]

    @property
    def steps(self) -> list[Step]:
        """All steps, trial by trial, each after what it needs."""
        return [step for trial in self.trials for step in steps_of(trial)]


def steps_of(trial: Trial) -> list[Step]:
    """fit → a sample step for each sampler → audit and density, where the model is one → score."""
    fit = Step(trial, "fit")
    samples = [Step(trial, "sample", sampler, exclusive=True, after=(fit,)) for sampler in trial.samplers]
    # The test data reach the plugin here, and here alone: after everything else that it does.
    stages = ("audit", "density") if trial.is_density else ()
    densities = [Step(trial, stage, after=(fit, *samples)) for stage in stages]
    return [fit, *samples, *densities, Step(trial, "score", after=(fit, *samples, *densities))]


def find_suite(name: str, catalogue: Catalogue) -> Suite:
    """The suite of that name, or of that TOML file, with its score names completed and checked.

    Raises:
        GenbenchError: no such suite, a fault in its file, or a part that it names is not there.
    """
    path = Path(name) if name.endswith(".toml") else Path(catalogue.find("suites", name).fields["path"])
    suite = suites.read(path)
    catalogue.find("extractors", suite.extractor)
    catalogue.find("datasets", suite.dataset.partition(":")[0])
    scores = tuple(_full_name(score, suite, catalogue) for score in suite.scores)
    axes = {axis: _full_name(score, suite, catalogue) for axis, score in suite.axes.items()}
    absent = sorted(set(axes.values()) - set(scores))
    if absent:
        raise GenbenchError(f"suite {suite.name}: [axes] names {', '.join(absent)}, which is not among its scores")
    return replace(suite, scores=scores, axes=axes)


def _full_name(score: str, suite: Suite, catalogue: Catalogue) -> str:
    """`fd` → `fd@digits-net`; a metric that uses no features takes no extractor."""
    name, at, extractor = score.partition("@")
    metric = catalogue.find("metrics", name)
    if not metric.fields["uses_features"]:
        if at:
            raise GenbenchError(f"suite {suite.name}: {name} uses no features, so {score} makes no sense; write {name}")
        return name
    return f"{name}@{catalogue.find('extractors', extractor or suite.extractor).name}"


def planned(suite: Suite, catalogue: Catalogue, models: Sequence[str], everything: bool, seeds: int | None) -> Plan:
    """The trials of the chosen models under a suite, seed by seed; controls first, once each.

    Args:
        models: references such as `ddpm[steps=200]`.
        everything: take every discovered model as well.
        seeds: training seeds per model; None: the suite's.
    Raises:
        GenbenchError: no model is chosen, or a reference is wrong.
    """
    entries = catalogue.entries["models"]
    named = [chosen(text, catalogue) for text in models]
    if everything:
        named += [chosen(name, catalogue) for name in entries if name not in {entry.name for entry, _ in named}]
    trials = [Trial(*chosen(name, catalogue), seed=0) for name, entry in entries.items() if entry.control]
    contestants = [(entry, settings) for entry, settings in named if not entry.control]
    if not named:
        raise GenbenchError("which models? --all, or -m NAME once or more (see genbench list models)")
    if everything and not contestants:
        raise GenbenchError(
            "no model plugin is installed: pip install ./plugins/*/, or --plugin FILE (see genbench list models)"
        )
    if seeds is not None:
        suite = replace(suite, seeds=seeds)
    for seed in range(suite.seeds):
        trials += [Trial(entry, settings, seed) for entry, settings in contestants]
    return Plan(suite, catalogue, tuple({trial.slug: trial for trial in trials}.values()))
