"""A suite's task, and who answers it: a model by its samplers, directly, or by a solver that lifts what it can."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.catalogue import Catalogue, Entry
from genbench.catalogue.listings import SolverListing, TaskListing
from genbench.contracts.settings import NAME, reference, resolved, split_reference
from genbench.errors import GenbenchError
from genbench.files.plain import digest
from genbench.protocol.inputs import PartChoice
from genbench.protocol.trial import Trial
from genbench.records.record import TaskTerms

SAMPLES = "generate"  # the capability whose answers are samples, one candidate a sampler preset


@dataclass(frozen=True)
class SolverChoice:
    """A solver of a suite's task.

    Args:
        name: as one writes it: `ddim-slerp[steps=25]`.
        choice: its class and settings.
        lifts: the capabilities that a model needs for it.
    """

    name: str
    choice: PartChoice
    lifts: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A task of a suite.

    Args:
        name: the suite's name for it.
        listing: what the task says of itself.
        choice: its class and settings.
        terms: what the suite says: how many questions, which scores.
        solvers: by which a model that lacks the capability may answer.
    """

    name: str
    listing: TaskListing
    choice: PartChoice
    terms: TaskTerms
    solvers: tuple[SolverChoice, ...] = ()


@dataclass(frozen=True)
class Answerer:
    """A candidate to be: how a trial answers a task.

    Args:
        asked: the task.
        sampler: the preset, or the solver with its settings; "" where the model answers by itself.
        solver: None: it is asked directly.
    """

    asked: Asked
    sampler: str
    solver: SolverChoice | None = None

    @property
    def label(self) -> str:
        """Its name within a trial's folder."""
        return self.sampler if NAME.fullmatch(self.sampler) else _slug(self.sampler or "direct")


def asked_in(name: str, terms: TaskTerms, catalogue: Catalogue) -> Asked:
    """A suite's task, its class and solvers found.

    Raises:
        GenbenchError: no such task, solver or score, a wrong setting, axes that are not the task's, or one that rests
            on a score by which nobody should be ranked.
    """
    kind, given = split_reference(terms.ask or name)
    entry = catalogue.task(kind)
    axes = entry.listing.axes
    if set(terms.axes) != set(axes) or not set(terms.axes.values()) <= set(terms.scores):
        raise GenbenchError(
            f"[tasks.{name}] axes sets {', '.join(axes)}, each to one of its scores, got "
            f"{', '.join(f'{axis} = {score}' for axis, score in terms.axes.items()) or 'nothing'}"
        )
    for axis, score in terms.axes.items():
        if misled := catalogue.metric(score.partition("@")[0]).listing.misled_by:
            raise GenbenchError(
                f"[tasks.{name}] axes {axis} = {score}: the best {score} is that of {misled}; list it among the scores "
                f"and let the axis be another one"
            )
    settings = resolved(kind, list(entry.listing.settings), given)
    solvers = tuple(_solver(text, name, entry, catalogue) for text in terms.solvers)
    return Asked(name, entry.listing, PartChoice(entry.plugin, kind, settings), terms, solvers)


def _solver(text: str, task: str, asked: Entry[TaskListing], catalogue: Catalogue) -> SolverChoice:
    name, given = split_reference(text)
    entry: Entry[SolverListing] = catalogue.solver(name)
    listing = entry.listing
    if listing.to != asked.listing.needs:
        raise GenbenchError(
            f"[tasks.{task}] solver {name} makes a model {listing.to}, and {asked.listing.name} needs "
            f"{asked.listing.needs}"
        )
    settings = resolved(name, list(listing.settings), given)
    written = reference(name, list(listing.settings), settings)
    return SolverChoice(written, PartChoice(entry.plugin, name, settings), listing.lifts)


def answerers(trial: Trial, asked: Asked) -> tuple[Answerer, ...]:
    """How a trial answers a task: by each sampler, or directly, or by each solver that it has the means for."""
    listing = trial.listing
    if listing.control is not None and listing.name not in asked.listing.controls:
        return ()
    found = [Answerer(asked, solver.name, solver) for solver in asked.solvers if _able(trial, solver.lifts)]
    if not _able(trial, (asked.listing.needs,)):
        return tuple(found)
    if asked.listing.needs == SAMPLES:
        return tuple(Answerer(asked, sampler) for sampler in listing.samplers)
    return (Answerer(asked, ""), *found)


def inability(trial: Trial, asked: Asked) -> str | None:
    """Why a candidate model cannot answer a task at all; None where it can, or where nobody asks it."""
    if trial.listing.control is not None or answerers(trial, asked):
        return None
    means = "; ".join(f"{solver.name} lifts {' + '.join(solver.lifts)}" for solver in asked.solvers)
    lifted = f", nor what a solver here lifts ({means})" if means else ""
    lacking = "it draws no samples" if asked.listing.needs == SAMPLES else f"it is no {asked.listing.needs}"
    return f"{lacking}{lifted}"


def _able(trial: Trial, capabilities: Sequence[str]) -> bool:
    return set(capabilities) <= set(trial.listing.capabilities)


def _slug(text: str) -> str:
    """A name for a folder, unique for a text that is none itself."""
    base = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.")[:40] or "x"
    return base if base == text else f"{base}.{digest({'text': text})[:8]}"
