"""The schedule: every step once, after what it waits for, and timed ones alone."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tiny
from hypothesis import given, strategies as st

from genbench.execution.supervisor import Supervisor
from genbench.runs import session
from genbench.runs.schedule import Schedule

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"


@dataclass(frozen=True)
class Kind:
    """A stage as far as a schedule looks at one."""

    name: str
    after: tuple[str, ...] = ()
    exclusive: bool = False


@dataclass(frozen=True)
class Role:
    control: str | None = None


@dataclass(frozen=True)
class Owner:
    slug: str
    listing: Role = Role()

    @property
    def reference(self) -> str:
        return self.slug


@dataclass(frozen=True)
class Work:
    """A step as far as a schedule looks at one."""

    trial: Owner
    stage: Kind
    label: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.trial.slug, self.stage.name + self.label

    def waits_for(self, other: "Work") -> bool:
        return other.trial == self.trial and other.stage.name in self.stage.after


FIT, SAMPLE = Kind("fit"), Kind("sample", ("fit",), exclusive=True)
AUDIT, SCORE = Kind("audit", ("fit", "sample")), Kind("score", ("fit", "sample", "audit"))


def steps(trials: int) -> list[Work]:
    return [
        work
        for index in range(trials)
        for work in (
            Work(Owner(f"t{index}"), FIT),
            Work(Owner(f"t{index}"), SAMPLE, "a"),
            Work(Owner(f"t{index}"), SAMPLE, "b"),
            Work(Owner(f"t{index}"), AUDIT),
            Work(Owner(f"t{index}"), SCORE),
        )
    ]


@dataclass
class Ran:
    """What ran beside what, when a schedule is played out; `choose` says which running step ends next."""

    order: list[tuple[str, str]] = field(default_factory=list)
    beside: list[list[Work]] = field(default_factory=list)


def played(trials: int, slots: int, choose) -> Ran:
    schedule, running, ran = Schedule(steps(trials), slots), [], Ran()
    while not schedule.finished:
        while (step := schedule.next()) is not None:
            running.append(step)
        assert running, "nothing runs and nothing may start"
        assert schedule.running == len(running) <= slots
        ran.beside.append(list(running))
        step = running.pop(choose(len(running)))
        ran.order.append(step.key)
        schedule.ended(step)
    return ran


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_each_step_runs_once_after_its_needs_and_timed_ones_alone(trials, slots, random):
    ran = played(trials, slots, random.randrange)
    assert sorted(ran.order) == sorted(step.key for step in steps(trials))
    for step in steps(trials):
        before = ran.order[: ran.order.index(step.key)]
        assert all(other.key in before for other in steps(trials) if step.waits_for(other))
    for running in ran.beside:
        assert len(running) == 1 or not any(step.stage.exclusive for step in running)


def test_one_slot_goes_trial_by_trial():
    assert [key[0] for key in played(3, 1, lambda count: 0).order] == ["t0"] * 5 + ["t1"] * 5 + ["t2"] * 5


def test_with_several_slots_fits_go_first_and_timed_steps_follow_each_other():
    order = [name for _, name in played(2, 2, lambda count: 0).order]
    assert order[:2] == ["fit", "fit"]
    assert order[2:6] == ["samplea", "sampleb", "samplea", "sampleb"]


def test_with_several_slots_a_models_score_comes_before_a_controls():
    control, model = Owner("floor", Role("floor")), Owner("model")
    schedule = Schedule([Work(owner, stage) for owner in (control, model) for stage in (FIT, AUDIT)], 2)
    fits = [schedule.next(), schedule.next()]
    for step in fits:
        schedule.ended(step)
    assert [step.trial for step in (*fits, schedule.next(), schedule.next())] == [control, model, model, control]


def test_fits_that_nobody_knows_come_first_and_then_the_longest():
    known = {("t1", "fit"): 1.0, ("t2", "fit"): 9.0, ("t4", "fit"): 5.0}
    schedule = Schedule(steps(5), 2, expected=lambda step: known.get(step.key))
    first, second = schedule.next(), schedule.next()
    known["t3", "fit"] = 3.0  # learnt meanwhile
    order = [first.trial.slug, second.trial.slug]
    for step in (first, second):  # whose samples wait for the last fit
        schedule.ended(step)
        order.append(schedule.next().trial.slug)
    assert order == ["t0", "t3", "t2", "t4"]


def test_one_slot_goes_trial_by_trial_whatever_is_expected():
    schedule = Schedule(steps(2), 1, expected=lambda step: float(step.key[0][1]))
    assert schedule.next().key == ("t0", "fit")


def test_what_is_ready_of_a_trial_can_be_taken_together_and_no_more():
    schedule = Schedule(steps(2), 2)
    fit = schedule.next()
    assert schedule.alike(fit) == []
    schedule.ended(fit)
    other = schedule.next()
    schedule.ended(other)
    first = schedule.next()
    assert [step.key for step in schedule.alike(first)] == [("t0", "sampleb")]


def test_a_step_ends_once():
    schedule = Schedule(steps(1), 1)
    fit = schedule.next()
    schedule.ended(fit)
    with pytest.raises(KeyError):
        schedule.ended(fit)


def test_where_each_has_a_machine_or_a_gpu_of_its_own_timed_ones_run_beside_others():
    schedule = Schedule(steps(3), 3, apart=True)
    fits = [schedule.next() for _ in range(3)]
    assert schedule.next() is None  # no more than there are slots
    schedule.ended(fits[0])
    timed = schedule.next()
    assert (timed.stage.exclusive, schedule.running) == (True, 3)


def test_a_run_expects_of_a_fit_what_a_seed_before_it_took(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    expected: dict[str, float | None] = {}

    class Watched(Schedule):
        def next(self):
            step = super().next()
            if step is not None and step.stage.name == "fit":
                expected[step.trial.slug] = self._expected(step)
            return step

    monkeypatch.setattr(session, "Schedule", Watched)
    tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tiny.write_suite(tmp_path), seeds=2, jobs=1)
    assert expected["plain.default.1"] > 0
