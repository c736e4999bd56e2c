"""Scores that need no features: likelihood, speed and cost."""

import math
from dataclasses import replace

import numpy as np
import pytest

from genbench.builtin.metrics import METRICS
from genbench.builtin.metrics.likelihood import bits_per_dim
from genbench.contracts.evidence import Evidence, LogLikelihood
from genbench.errors import Unavailable
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.records.timing import Repetition, Timing

BY_NAME = {metric.name: metric for metric in METRICS}
SPACE = Space((1, 2, 2), levels=16)
SAMPLES = np.zeros((4, 1, 2, 2), np.uint8)
TIMING = Timing(
    images=70,
    seconds=14.0,
    batches=(2.0, 2.0, 4.0, 1.0),
    latencies=(0.1, 0.4, 0.2),
    nfe=50,
    flops=2e9,
    memory=3 * 2**20,
)


def score(name, **evidence):
    return BY_NAME[name]().score(Evidence(**{"space": SPACE, "samples": SAMPLES} | evidence))


def nats(*values):
    return LogLikelihood(np.array(values), Likelihood.EXACT)


def test_a_uniform_model_spends_exactly_the_bits_of_a_level():
    uniform = -4 * math.log(16)
    found = score("bits-per-dim", likelihood=nats(uniform, uniform, uniform))
    assert found.value == pytest.approx(4, rel=1e-15)
    assert found.low == found.high == found.value
    assert found.details == {"nats": pytest.approx(uniform)}


def test_bits_per_dim_come_with_the_error_of_a_mean_over_samples():
    found = score("bits-per-dim", likelihood=nats(-4.0, -8.0, -6.0, -10.0))
    bits = bits_per_dim(np.array([-4.0, -8.0, -6.0, -10.0]), 4)
    assert found.value == pytest.approx(7 / (4 * math.log(2)))
    assert found.high - found.value == pytest.approx(1.96 * bits.std(ddof=1) / 2)
    assert found.value - found.low == pytest.approx(1.96 * bits.std(ddof=1) / 2)


def test_one_test_sample_gives_bits_without_an_interval():
    found = score("bits-per-dim", likelihood=nats(-4.0))
    assert (found.low, found.high) == (None, None)


def test_bits_per_dim_need_a_finite_likelihood_of_integers():
    with pytest.raises(Unavailable, match="no likelihood"):
        score("bits-per-dim")
    with pytest.raises(Unavailable, match="1 of 2 test samples have no finite nats"):
        score("bits-per-dim", likelihood=nats(-1.0, -np.inf))
    with pytest.raises(Unavailable, match="real numbers"):
        score("bits-per-dim", likelihood=nats(-1.0), space=Space((2,), levels=None))


def repeated(*cpu, yardstick=1e-3, images=100):
    return tuple(Repetition(images, 4.0, seconds, yardstick) for seconds in cpu)


def test_throughput_is_the_median_of_images_a_cpu_second_and_the_wall_clock_stands_beside():
    timing = Timing(500, 20.0, (), repetitions=repeated(1.0, 0.5, 2.0, 0.8, 1.25))
    found = score("throughput", timing=timing)
    assert found.value == 100
    assert found.details == {"wall": 25, "q25": pytest.approx(80), "q75": pytest.approx(125)}


def test_a_machine_that_slows_the_yardstick_and_the_model_alike_changes_no_throughput():
    slow = repeated(3.0, 3.0, 3.0, yardstick=3e-3)
    assert score("throughput", timing=Timing(300, 12.0, (), repetitions=slow)).value == pytest.approx(100)


def test_throughput_is_the_wall_clock_where_nobody_tells_cpu_seconds():
    told = repeated(None, None, None, yardstick=None)
    assert score("throughput", timing=Timing(300, 12.0, (), repetitions=told)).value == 25
    assert score("throughput", timing=TIMING).value == 5  # an older record


def test_above_what_a_cpu_can_tell_throughput_is_a_lower_bound():
    found = score("throughput", timing=Timing(300, 12.0, (), repetitions=repeated(1e-5, 1e-5, 1e-5)))
    assert (found.value, found.details["at least"]) == (1e5, 1e5)
    quick = tuple(Repetition(10**6, 1.0, 0.5) for _ in range(3))  # a GPU
    assert score("throughput", timing=Timing(3 * 10**6, 3.0, (), repetitions=quick)).value == 1e6


@pytest.mark.parametrize("name", ["throughput", "latency"])
def test_a_speed_that_is_void_says_why(name):
    with pytest.raises(Unavailable, match="void: its 8 repetitions differ by 80%"):
        score(name, timing=replace(TIMING, void="its 8 repetitions differ by 80%"))


def test_a_latency_may_be_void_where_the_speed_is_not():
    timing = replace(TIMING, void_alone="one sample takes 1 network evaluations by itself, and 12 among others")
    with pytest.raises(Unavailable, match="void: one sample takes 1 network evaluations by itself"):
        score("latency", timing=timing)
    assert score("throughput", timing=timing).value > 0


def test_latency_is_the_median_call_and_its_upper_decile():
    found = score("latency", timing=TIMING)
    assert found.value == 0.2
    assert found.details == {"p90": pytest.approx(0.36)}


@pytest.mark.parametrize(
    ("name", "value"),
    [("nfe", 50), ("flops", 2e9), ("peak-memory", 3), ("parameters", 1234), ("fit-time", 8.5)],
)
def test_counts_are_handed_through_in_their_unit(name, value):
    assert score(name, timing=TIMING, parameters=1234, fit_seconds=8.5).value == value


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("throughput", "without a model"),
        ("latency", "without a model"),
        ("nfe", "without a model"),
        ("flops", "without a model"),
        ("peak-memory", "without a model"),
        ("parameters", "without a model"),
        ("fit-time", "without a model"),
    ],
)
def test_samples_without_a_model_have_neither_speed_nor_cost(name, reason):
    with pytest.raises(Unavailable, match=reason):
        score(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("latency", "no calls for one sample"),
        ("nfe", "no submodule"),
        ("flops", "not counted"),
        ("peak-memory", "not measured"),
    ],
)
def test_what_was_not_taken_is_not_available(name, reason):
    with pytest.raises(Unavailable, match=reason):
        score(name, timing=Timing(10, 2.0, (1.0, 1.0)))


@pytest.mark.parametrize("name", [name for name, metric in BY_NAME.items() if metric.uses_features])
def test_scores_of_features_need_an_extractor(name):
    with pytest.raises(Unavailable, match=r"needs .*an extractor"):
        score(name)
