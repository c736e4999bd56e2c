"""The battery: puts a metric through known distortions and says in words what it broke.

    for finding in findings(MyMetric):
        ...  # "distortions: does not see dropped-modes: 0.83 without it, then 0.88, 0.86, 0.87; …"

What a metric may state of itself: `blind_to`, the distortions that it does not see, `two_sided`, `symmetric`,
`needs_train`, and the `scale` of its values.
"""

import contextlib
import math
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Axis, Direction, Scale
from genbench.scoring.battery.distortion import (
    COUNT,
    DISTORTIONS,
    SPACE,
    Drawn,
    evidence,
    features,
    fresh,
    nearest_mode,
    noise,
)
from genbench.scoring.battery.response import Broken, responses, scored, value

CLEAR = 3  # times what chance makes: a change that nobody may call blindness
SETS = ("generated", "real", "train")
FEW = (12, 2, 1)  # sizes of sets that are smaller than the number of features
ORDER = 1e-5  # the relative change that float32 sums in another order may make


@dataclass(frozen=True)
class MetricFinding:
    """What a metric broke: the name of the check, and the words."""

    check: str
    words: str

    def __str__(self) -> str:
        return f"{self.check}: {self.words}"


def findings(metric: type[Metric]) -> list[MetricFinding]:
    """Everything that a metric broke; [] where it is sound. Takes a second or so, and no extractor.

    Of a metric that `reads` an exam, or is of `sequences` alone, only the declaration is judged.
    """
    found = [MetricFinding("declaration", words) for words in _undeclared(metric)]
    if found or metric.reads or metric.sequences:  # the battery asks no questions, and has images
        return found
    for name, check in CHECKS.items():
        try:
            found += [MetricFinding(name, words) for words in check(metric)]
        except Broken as error:
            found.append(MetricFinding(name, str(error)))
        except Unavailable as error:
            found.append(MetricFinding(name, f"could not be tried, the metric refuses: {error}"))
        if name == "number" and found:  # nothing else can be told of it
            break
    return found


def _undeclared(metric: type[Metric]) -> Iterator[str]:
    for name in ("name", "title", "axis", "direction", "unit", "source", "version"):
        if not hasattr(metric, name):
            yield f"{name} is missing"
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", str(getattr(metric, "name", "x"))):
        yield f"name {metric.name!r} is not like 'clipped-density': small letters, digits, dots and dashes"
    for name, kind in (("axis", Axis), ("direction", Direction), ("scale", Scale)):
        if not isinstance(getattr(metric, name, next(iter(kind))), kind):
            yield f"{name} is {getattr(metric, name)!r}, expected one of genbench.{kind.__name__}"
    if not re.search(r"\b(19|20)\d\d\b", str(getattr(metric, "source", "2000"))):
        yield f"source {metric.source!r} names no year: say whose definition it is, of when, with its URL"
    for name in sorted(metric.blind_to - DISTORTIONS.keys()):
        yield f"blind_to names {name!r}, which is no known distortion (known: {', '.join(DISTORTIONS)})"
    if metric.needs_train and not metric.uses_features:
        yield "needs_train asks for features of training data, and uses_features is False"


def _number(metric: type[Metric]) -> Iterator[str]:
    value(metric, evidence(fresh("calm", 0)))
    yield from ()


def _repeatable(metric: type[Metric]) -> Iterator[str]:
    with _generators_kept():
        random.seed(1)  # of its own, so that a metric that sets one is seen
        np.random.seed(1)
        before = _global_states()
        first = scored(metric, evidence(noise(0.1)))
        if _global_states() != before:
            yield "draws from a global generator, or seeds it: take numpy.random.default_rng with a seed of your own"
    again = scored(metric, evidence(noise(0.1)))
    if again != first:
        yield f"gives {first.value:.6g} and then {again.value:.6g} for the same samples: every draw needs a fixed seed"


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """Whatever happens inside, the process's own generators go on as they would have."""
    own, numpys = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(own)
        np.random.set_state(numpys)


def _global_states() -> tuple[str, ...]:
    """The states of the generators that a whole process shares."""
    torch = sys.modules.get("torch")
    drawn = [] if torch is None else [torch.get_rng_state().numpy().tobytes().hex()]
    return (repr(random.getstate()), repr([str(part) for part in np.random.get_state()]), *drawn)


def _inputs(metric: type[Metric]) -> Iterator[str]:
    given, kept = evidence(noise(0.1)), evidence(noise(0.1))
    scored(metric, given)
    for name, array, before in zip(ARRAYS, _arrays(given), _arrays(kept), strict=True):
        if not np.array_equal(array, before):
            yield f"changes its input: {name} are not what they were; work on a copy"


ARRAYS = (
    "the samples",
    "the labels",
    "the nats",
    "the real features",
    "the generated features",
    "the training features",
)


def _arrays(given: Evidence) -> list[Any]:
    compared, likelihood = given.comparison, given.likelihood
    nats = None if likelihood is None else likelihood.nats
    return [given.samples, given.labels, nats, compared.real, compared.generated, compared.train]


def _order(metric: type[Metric]) -> Iterator[str]:
    one = value(metric, evidence(noise(0.1)))
    other = value(metric, evidence(_turned(noise(0.1)), _turned(fresh("real")), _turned(fresh("train"))))
    if not math.isclose(one, other, rel_tol=ORDER, abs_tol=ORDER / 100):
        yield f"depends on the order of the samples: {one:.6g}, and {other:.6g} in another order"


def _turned(samples: Drawn) -> Drawn:
    return samples[np.random.default_rng(len(samples.x)).permutation(len(samples.x))]


def _distortions(metric: type[Metric]) -> Iterator[str]:
    better = f"and {metric.direction.value} is better"
    for name, response in responses(metric).items():
        if name in metric.blind_to:
            if response.worsens and response.monotone and response.change > CLEAR * response.slack:
                yield f"states that it is blind to {name}, but sees it: {response}"
        elif response.improves:
            yield f"takes {name} for an improvement: {response}, {better}"
        elif not response.worsens:
            yield f"does not see {name}: {response}; if it need not, state blind_to = frozenset({{{name!r}}})"
        elif not response.monotone:
            yield f"goes up and down as {name} grows: {response}, {better}"


def _identity(metric: type[Metric]) -> Iterator[str]:
    if metric.two_sided:
        return
    same = value(metric, evidence(fresh("real")))
    for name, response in responses(metric).items():
        least = min(response.path[1:], key=lambda value: response.sign * value)
        if name not in metric.blind_to and response.sign * same > response.sign * least + response.slack:
            yield f"gives {same:.4g} to the real data themselves and {least:.4g} to data with {name}"


def _symmetry(metric: type[Metric]) -> Iterator[str]:
    if not metric.uses_features:
        return
    one = value(metric, evidence(noise(0.1), fresh("real")))
    other = value(metric, evidence(fresh("real"), noise(0.1)))
    same = math.isclose(one, other, rel_tol=ORDER, abs_tol=ORDER / 100)
    if same != metric.symmetric:
        is_it = "leaves the value as it is" if same else f"turns {one:.4g} into {other:.4g}"
        yield f"exchanging real and generated features {is_it}: state symmetric = {same}"


def _scale(metric: type[Metric]) -> Iterator[str]:
    seen = [value for response in responses(metric).values() for value in (*response.path, *response.calm)]
    worst = max(seen) if metric.scale is Scale.SHARE and max(seen) > 1 else min(seen)
    if metric.scale is not Scale.PLAIN and not 0 <= worst <= (1 if metric.scale is Scale.SHARE else math.inf):
        yield f"gives {worst:.4g}, which is no {metric.scale.value}: state another scale, or none"


def _train(metric: type[Metric]) -> Iterator[str]:
    if not metric.uses_features:
        return
    given, one = evidence(fresh("calm", 0)), value(metric, evidence(fresh("calm", 0)))
    compared = Comparison(given.comparison.real, given.comparison.generated, classify=nearest_mode)
    try:
        other = value(metric, replace(given, features=compared))
        needs, words = (
            other != one,
            f"turns {one:.4g} into {other:.4g}" if other != one else "leaves the value as it is",
        )
    except Unavailable:
        needs, words = True, "is refused"
    if needs != metric.needs_train:
        yield f"leaving out the features of training data {words}: state needs_train = {needs}"


def _limits(metric: type[Metric]) -> Iterator[str]:
    """What cannot be scored is refused; a number is as good."""
    few = {count: [fresh(name, count=count) for name in SETS] for count in FEW}
    cases = {f"{count} samples of 16 features": evidence(g, real=s, train=t) for count, (g, s, t) in few.items()} | {
        "samples that are all the same": evidence(fresh("one", count=1)[np.zeros(COUNT, np.intp)]),
        "fewer generated than real samples": evidence(fresh("calm", 0)[: COUNT // 2]),
        "evidence without a model, labels and training data": _plain(),
        "evidence of samples alone": Evidence(SPACE, fresh("calm", 0).x),
    }
    for words, given in cases.items():
        try:
            with contextlib.suppress(Unavailable):
                scored(metric, given)
        except Broken as error:
            yield f"{words}: {error}"


def _plain() -> Evidence:
    generated = fresh("calm", 0)
    return Evidence(SPACE, generated.x, features=Comparison(features(fresh("real")), features(generated)))


CHECKS: Mapping[str, Callable[[type[Metric]], Iterator[str]]] = {
    "number": _number,
    "repeatable": _repeatable,
    "inputs": _inputs,
    "order": _order,
    "distortions": _distortions,
    "identity": _identity,
    "symmetry": _symmetry,
    "scale": _scale,
    "train": _train,
    "limits": _limits,
}
