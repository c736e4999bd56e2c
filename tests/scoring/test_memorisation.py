"""The memorisation gate: who copies is flagged, who does not is clear, and it says how little it can see."""

import base64
import io
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import fisher_exact
from torch import Tensor

from genbench.builtin import controls
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.builtin.metrics import METRICS
from genbench.contracts import dataset
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.extractor import Extractor
from genbench.contracts.model import Model
from genbench.contracts.training import Split
from genbench.errors import Unavailable, Unsuitable
from genbench.geometry import tail as tails
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import product_on
from genbench.geometry.tail import fisher, tail
from genbench.records.gates import Verdict
from genbench.records.space import Space
from genbench.scoring import memorisation
from genbench.scoring.copies import Gate
from genbench.scoring.features import Features
from genbench.scoring.memorisation import Distances, distinct, flat, judged, nearest, nearest_pairs
from genbench.store import datasets
from genbench.workers.trusted import score

CPU = torch.device("cpu")
CONTROLS = {control.name: control for control in controls.CONTROLS if issubclass(control, Model)}
COPYING = {"copycat": "train", "copycat-noise": "train", "partial-copycat": "train", "test-copycat": "test"}
HONEST = ("real-held-out", "mode-dropper", "independent-pixels", "noise", "mean-image")
BY_NAME = {metric.name: metric for metric in METRICS}
NEIGHBOURS = ("precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage")
PRODUCT = product_on(None)
Samples = NDArray[np.uint8]


class Levels(Pixels):
    """Pixels in [0, 16], as they are stored: the FDs of the specification's table are in their units."""

    name: ClassVar[str] = "levels"

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float()


class Standardised(Pixels):
    """Each pixel by the mean and the deviation of the digits' training split."""

    name: ClassVar[str] = "standardised"

    def features(self, x: Tensor) -> Tensor:
        train = torch.from_numpy(Digits().splits().train.x).flatten(1).double()
        deviation = train.std(0, correction=0)
        return ((x.flatten(1) - train.mean(0)) / deviation.where(deviation > 0, 1.0)).float()


class Broken(Pixels):
    """Fails where it is asked."""

    name: ClassVar[str] = "broken"

    def features(self, x: Tensor) -> Tensor:
        raise RuntimeError("boom")


EXTRACTORS: dict[str, type[Extractor]] = {e.name: e for e in (DigitsNet, Levels, Standardised, Broken)}


@pytest.fixture(scope="module")
def splits() -> Splits:
    return Digits().splits()


@pytest.fixture(scope="module")
def home(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_down(splits, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def features(home: Path) -> Features:
    return Features(home, EXTRACTORS, CPU)


@pytest.fixture(scope="module")
def samples(splits: Splits, home: Path) -> dict[str, Samples]:
    """What the controls show in a run of the digits suite: as many as the test split has, 100 at a time."""
    return {name: shown(control, splits, home) for name, control in CONTROLS.items()}


def laid_down(splits: Splits, folder: Path) -> Path:
    home = folder / splits.sha256
    home.mkdir()
    datasets.write(splits, home)
    return home


def shown(control: type[Model], splits: Splits, home: Path) -> Samples:
    torch.manual_seed(0)
    model, n = control(splits.space), len(splits.test)
    told = (splits.space, Split(splits.train), Split(splits.valid), 1000)
    model.fit(controls.ControlData(*told, home=home))
    return torch.cat([model.sample(min(100, n - start)) for start in range(0, n, 100)]).to(torch.uint8).numpy()


def flagged(verdict: Verdict) -> set[str]:
    """The sets that are said to be copied."""
    return {test.against for test in verdict.tests if test.flagged}


def measured(train: Samples, test: Samples, valid: Samples, x: Samples) -> dict[str, Distances]:
    """Distances in pixels."""
    product, pixels = PRODUCT, {"train": train, "test": test}
    fresh = {"train": test, "test": valid}
    found = {}
    for against, known in pixels.items():
        rows = flat(known[distinct(known)])
        near = [nearest(flat(y), flat(known), product) for y in (x, fresh[against])]
        found[against] = Distances(*near, *(nearest(flat(y), rows, product) for y in (x, fresh[against])))
    return found


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", COPYING)
def test_who_copies_is_flagged_for_what_it_copies(features, home, samples, name, extractor):
    verdict = Gate(features, extractor, home).verdict(samples[name])
    assert (verdict.status, flagged(verdict)) == ("flagged", {COPYING[name]})
    assert verdict.reason.count("against") == sum(test.flagged for test in verdict.tests)


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", HONEST)
def test_who_does_not_copy_is_clear_however_bad_it_is(features, home, samples, name, extractor):
    verdict = Gate(features, extractor, home).verdict(samples[name])
    assert (verdict.status, verdict.reason, flagged(verdict)) == ("clear", None, set())


def test_every_control_is_among_those_that_copy_or_those_that_do_not():
    assert {*COPYING, *HONEST} == set(CONTROLS)


@pytest.mark.parametrize(
    ("name", "against", "in_tail", "one_third"),
    [
        ("real-held-out", "train", 0.012, 0),
        ("copycat", "train", 1, 1),
        ("copycat-noise", "train", 1, 0.38),
        ("partial-copycat", "train", 0.11, 0.1),
        ("test-copycat", "train", 0.01, 0),
        ("test-copycat", "test", 1, 1),
        ("mode-dropper", "train", 0.02, 0),
        ("mean-image", "train", 0, 0),
        ("noise", "train", 0, 0),
    ],
)
def test_the_shares_are_those_of_the_specification(features, home, samples, name, against, in_tail, one_third):
    verdict = Gate(features, "levels", home).verdict(samples[name])
    shares = {test.test: test.share for test in verdict.tests if test.against == against}
    # Its table was drawn with other splits: single rows move a share by 0.2 points, the noise a tenth of its rows.
    assert shares["tail"] == pytest.approx(in_tail, abs=0.015)
    assert shares["one-third"] == pytest.approx(one_third, abs=0.04 if name == "copycat-noise" else 0.005)


@pytest.mark.parametrize(
    ("name", "fd", "scores"),
    [  # FD to T and to S; precision, recall, density, coverage; clipped density and coverage; authenticity, AUC
        ("real-held-out", (27, 27), (0.91, 0.91, 1.05, 0.98, 1, 1, 0.52, 0.49)),
        ("copycat", (0, 28), (0.90, 0.90, 1.0, 0.97, 1, 0.98, 0, 0)),
        ("partial-copycat", (24, 26), (0.91, 0.91, 1.05, 0.97, 1, 1, 0.47, 0.44)),
        ("mode-dropper", (189, 200), (0.90, 0.34, 1.0, 0.51, 0.99, 0.47, 0.48, 0.43)),
        ("noise", (2550, 2545), (0, 0, 0, 0, 0, 0, 1, 1)),
    ],
)
def test_the_controls_score_as_in_the_specification(features, samples, splits, name, fd, scores):
    found = Evidence(splits.space, samples[name], features=features.comparison("levels", samples[name]))
    distance = BY_NAME["fd"]().score(found)
    assert distance.details["against_train"] == pytest.approx(fd[0], rel=0.2, abs=1e-6)
    assert distance.value == pytest.approx(fd[1], rel=0.2)
    values = [BY_NAME[column]().score(found).value for column in (*NEIGHBOURS, "authenticity", "copy-auc")]
    assert values == pytest.approx(scores, abs=0.1)  # other splits; the table itself gives ranges of .04


def test_no_other_score_sees_what_the_gate_sees(features, samples, splits):
    values = {}
    for name in ("real-held-out", "partial-copycat", "test-copycat"):
        found = Evidence(splits.space, samples[name], features=features.comparison("digits-net", samples[name]))
        values[name] = {column: BY_NAME[column]().score(found).value for column in (*NEIGHBOURS, "copy-rate")}
    for name in NEIGHBOURS:
        assert values["partial-copycat"][name] == pytest.approx(values["real-held-out"][name], abs=0.05)
        assert values["test-copycat"][name] >= values["real-held-out"][name]
    assert values["test-copycat"]["copy-rate"] == pytest.approx(0.01, abs=0.001)


def test_fresh_real_data_are_not_flagged_in_any_of_40_splits(splits):
    pool = np.concatenate([getattr(splits, name).x for name in dataset.SPLITS])
    verdicts = []
    for seed in range(40):
        parts = np.array_split(pool[np.random.default_rng(seed).permutation(len(pool))], 4)
        verdicts.append(judged(measured(*parts), "pixels"))
    assert [verdict.reason for verdict in verdicts if verdict.status != "clear"] == []


def test_training_and_test_data_are_told_apart(splits, samples, tmp_path):
    exchanged = laid_down(Splits(splits.space, splits.test, splits.valid, splits.train), tmp_path)
    gate = Gate(Features(exchanged, EXTRACTORS, CPU), "digits-net", exchanged)
    assert flagged(gate.verdict(samples["copycat"])) == {"test"}
    assert flagged(gate.verdict(samples["test-copycat"])) == {"train"}


@pytest.mark.parametrize(
    ("name", "extractor", "seen_by"),
    [("copycat-noise", "standardised", {"one-third"}), ("copycat", "digits-net", {"tail", "one-third"})],
)
def test_a_test_that_is_switched_off_lets_its_copies_pass(
    features, home, samples, monkeypatch, name, extractor, seen_by
):
    gate = Gate(features, extractor, home)
    assert {test.test for test in gate.verdict(samples[name]).tests if test.flagged} == seen_by
    monkeypatch.setattr(memorisation, "RATIO", 0.0)
    assert {test.test for test in gate.verdict(samples[name]).tests if test.flagged} == seen_by - {"one-third"}
    monkeypatch.setattr(tails, "SIGNIFICANT", 0.0)
    assert flagged(gate.verdict(samples[name])) == set()


def test_blends_of_training_neighbours_lie_in_the_tail_and_break_no_one_third_rule(features, home, splits):
    train = flat(splits.train.x)
    second = nearest(train, train, PRODUCT).indices[:, 1]
    blends = ((train + train[second]) / 2).round().astype(np.uint8).reshape(-1, 1, 8, 8)
    verdict = Gate(features, "digits-net", home).verdict(blends)
    assert [(test.against, test.test) for test in verdict.tests if test.flagged] == [("train", "tail")]


def test_rows_that_the_set_holds_twice_hide_no_copy(splits, tmp_path):
    train = Examples(np.concatenate([splits.train.x] * 2), np.concatenate([splits.train.y] * 2))
    twice = laid_down(Splits(splits.space, train, splits.valid, splits.test), tmp_path)
    verdict = Gate(Features(twice, EXTRACTORS, CPU), "levels", twice).verdict(splits.train.x)
    # Both rows of a pair are copies, and the second nearest row is no farther than the nearest: no ratio shows it.
    assert [test.share for test in verdict.tests if test.against == "train"] == [1, 1]
    assert all(pair.row < len(splits.train) for pair in verdict.suspicious)


def test_the_test_split_is_the_control_of_training_data_and_the_valid_split_that_of_test_data(splits, tmp_path):
    repeated = laid_down(Splits(splits.space, splits.train, splits.valid, splits.train), tmp_path)
    verdict = Gate(Features(repeated, EXTRACTORS, CPU), "levels", repeated).verdict(splits.train.x)
    found = [(test.against, test.test, test.share, test.control, test.flagged) for test in verdict.tests]
    few = found[2][3]
    assert found == [  # a test split of training rows excuses copies of them, but not of itself
        ("train", "tail", 1, 1, False), ("train", "one-third", 1, 1, False),
        ("test", "tail", 1, few, True), ("test", "one-third", 1, 0, True),
    ]  # fmt: skip
    assert few == pytest.approx(0.01, abs=0.001)


def line(*points: float) -> NDArray[np.float32]:
    return np.array(points, np.float32)[:, None]


def on_a_line(generated: NDArray[np.float32], known: NDArray[np.float32], control: NDArray[np.float32]) -> Distances:
    near = nearest(generated, known, PRODUCT), nearest(control, known, PRODUCT)
    return Distances(*near, *near)


def test_one_third_means_nearer_than_a_third_of_the_second_nearest():
    known, control = line(0, 4, 100), line(50, 50)
    # Distances to 0 and 4: 1 and 3 are exactly a third, 0.999 and 3.001 less, 1.001 and 2.999 more.
    for x, share in ((1, 0), (0.999, 1), (1.001, 0), (0, 1)):
        assert memorisation.one_third("train", on_a_line(line(x), known, control)).share == share


def test_one_third_is_flagged_from_one_point_on_and_from_five_samples_on():
    known, control = line(0, 100), line(*[50] * 300)
    for copies, n, expected in ((5, 501, False), (5, 500, True), (4, 200, False), (5, 200, True)):
        found = memorisation.one_third("test", on_a_line(line(*[0] * copies + [50] * (n - copies)), known, control))
        assert (found.share, found.control, found.p, found.flagged) == (copies / n, 0, None, expected)


def test_one_third_has_to_be_significant_where_fresh_data_break_it_too():
    known, control = line(0, 100), line(*[0] * 5 + [50] * 95)
    for copies, expected in ((6, False), (20, False), (21, True)):
        found = memorisation.one_third("test", on_a_line(line(*[0] * copies + [50] * (100 - copies)), known, control))
        assert (found.share, found.control, found.flagged) == (copies / 100, 0.05, expected)
        theirs = fisher_exact([[copies, 100 - copies], [5, 95]], alternative="greater").pvalue
        assert found.p == pytest.approx(theirs, rel=1e-8)


@pytest.mark.parametrize("dim", [1, 3])
def test_fresh_points_of_few_dimensions_are_not_flagged(dim):
    # The one-third rule alone would flag more than half of these.
    statuses = [judged(measured(*np.random.default_rng(s).standard_normal((4, 300, dim), np.float32)), "").status
                for s in range(40)]  # fmt: skip
    assert statuses == ["clear"] * 40


def drawn(n: int, seed: int) -> Nearest:
    """Distances of n samples, all different."""
    distances = np.random.default_rng(seed).random((n, 1)) + 1
    return Nearest(distances**2, np.zeros((n, 1), np.intp))


@pytest.mark.parametrize(("n", "share"), [(600, 0.04), (2000, 0.023), (10_000, 0.02)])
def test_what_can_be_detected_is_what_the_test_itself_flags(n, share):
    control = drawn(n, 0)
    found = tail(drawn(n, 1), control)
    assert found.detectable == pytest.approx(share, abs=1e-12)
    copies = round(found.detectable * n)
    for near, expected in ((copies, True), (copies - 1, False)):
        squared = np.full((n, 1), 9.0)
        squared[:near] = 0
        assert tail(Nearest(squared, np.zeros((n, 1), np.intp)), control).flagged is expected


def test_five_samples_can_show_nothing():
    found = {against: Distances(*[drawn(5, 0)] * 2, *[Nearest(np.ones((5, 2)), np.zeros((5, 2), np.intp))] * 2)
             for against in ("train", "test")}  # fmt: skip
    verdict = judged(found, "x")
    assert (verdict.status, dict(verdict.detectable)) == ("unavailable", {"train": None, "test": None})
    assert verdict.reason == "too few samples to see copies of training and test data, however many there are"


def test_a_tail_without_distances_below_it_follows_ties():
    zeros = Nearest(np.zeros((100, 1)), np.zeros((100, 1), np.intp))
    found = tail(zeros, zeros)  # data with many equal rows: everyone lies at 0
    assert (found.share, found.control, found.flagged, found.detectable) == (1, 1, False, None)


def test_p_is_that_of_another_implementation():
    rng = np.random.default_rng(0)
    for n, m in ((30, 30), (599, 599), (10_000, 2000), (7, 900)):
        for a, b in zip(rng.integers(0, min(n, 40) + 1, 5), rng.integers(0, min(m, 40) + 1, 5), strict=True):
            theirs = fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
            assert fisher(int(a), n, int(b), m) == pytest.approx(theirs, rel=1e-8)  # sums of logarithms up to 1e5


def test_p_below_5_percent_comes_by_chance_in_at_most_5_percent():
    found = [tail(drawn(200, 2 * seed), drawn(200, 2 * seed + 1)).p < 0.05 for seed in range(2000)]
    assert 0 < np.mean(found) < 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_the_nearest_pairs_come_first_and_each_row_once():
    train = Nearest(np.array([[4.0, 9], [1, 9], [0, 9]]), np.array([[7, 0], [7, 0], [3, 0]]))
    test = Nearest(np.array([[0.25, 9], [9, 9], [9, 9]]), np.array([[1, 0], [2, 0], [2, 0]]))
    pairs = [(p.sample, p.against, p.row, p.distance) for p in nearest_pairs({"train": train, "test": test}, most=4)]
    assert pairs == [(2, "train", 3, 0), (0, "test", 1, 0.5), (1, "train", 7, 1), (1, "test", 2, 3)]


def test_the_most_suspicious_pairs_are_the_copies_and_their_picture_shows_them(features, home, samples, splits):
    x = samples["partial-copycat"]
    verdict = Gate(features, "digits-net", home).verdict(x)
    assert len(verdict.suspicious) == 8
    for pair in verdict.suspicious:
        assert (pair.against, pair.distance) == ("train", 0)
        np.testing.assert_array_equal(x[pair.sample], splits.train.x[pair.row])
    with Image.open(io.BytesIO(base64.b64decode(verdict.pairs))) as image:
        shown = np.asarray(image)
    assert shown.shape == (17, 71)  # 2 × 8 digits of 8 × 8 pixels, a line between two of them
    np.testing.assert_array_equal(shown[:8], shown[9:])


def test_a_picture_shows_each_sample_above_its_nearest_row(features, home, samples, splits):
    x = samples["copycat-noise"]
    verdict = Gate(features, "levels", home).verdict(x)
    with Image.open(io.BytesIO(base64.b64decode(verdict.pairs))) as image:
        shown = np.asarray(image)
    for place, pair in enumerate(verdict.suspicious):
        columns = slice(9 * place, 9 * place + 8)
        for rows, digit in ((slice(8), x[pair.sample, 0]), (slice(9, None), splits.train.x[pair.row, 0])):
            np.testing.assert_array_equal(shown[rows, columns], (digit * (255 / 16)).round())


def test_a_verdict_as_json_has_the_form_that_boards_read(features, home, samples):
    found = Gate(features, "digits-net", home).verdict(samples["copycat"]).to_json()
    assert list(found) == ["status", "reason", "tests", "detectable", "suspicious", "pairs", "extractor"]
    assert [(test["against"], test["test"]) for test in found["tests"]] == [
        ("train", "tail"), ("train", "one-third"), ("test", "tail"), ("test", "one-third"),
    ]  # fmt: skip
    assert all(list(test) == ["against", "test", "share", "control", "p", "flagged"] for test in found["tests"])
    assert {type(test["flagged"]) for test in found["tests"]} == {bool}
    assert found["detectable"] == {"train": 24 / 599, "test": 24 / 599}
    assert list(found["suspicious"][0]) == ["sample", "against", "row", "distance"]
    assert found["extractor"] == features.identity("digits-net")


def test_the_second_gate_reads_what_real_data_alone_give(features, home, samples, monkeypatch):
    first = Gate(features, "digits-net", home).verdict(samples["copycat"])
    known = [0]
    monkeypatch.setattr("genbench.gate.nearest", lambda *a: known.append(1) or nearest(*a))
    again = Gate(Features(home, EXTRACTORS, CPU), "digits-net", home).verdict(samples["copycat"])
    assert again == first
    assert sum(known) == 2  # the samples in pixels, against either set; nothing of real data


@pytest.mark.parametrize(
    ("extractor", "space", "reason"),
    [
        ("digits-net", Space((1, 2, 2), levels=4), "extractor digits-net serves 1×8×8, 17 levels, got 1×2×2"),
        ("broken", Space((1, 2, 2), levels=4), "failed: RuntimeError: boom"),
    ],
)
def test_a_gate_that_fails_costs_itself_alone(tmp_path, extractor, space, reason):
    examples = Examples(np.arange(32, dtype=np.uint8).reshape(8, 1, 2, 2) % 4)
    home = laid_down(Splits(space, examples, examples, examples), tmp_path)
    found = score._memorisation(Gate(Features(home, EXTRACTORS, CPU), extractor, home), examples.x)
    assert found.pop("reason").startswith(reason)
    assert found == {
        "status": "unavailable", "tests": [], "detectable": {"train": None, "test": None}, "suspicious": [],
        "pairs": None, "extractor": None,
    }  # fmt: skip


def test_a_set_of_one_distinct_row_is_refused():
    with pytest.raises(Unavailable, match="at least two distinct rows"):
        nearest(line(1), line(3), PRODUCT)


def test_values_that_cannot_be_multiplied_are_refused():
    with pytest.raises(Unavailable, match="exceed 1e"):
        nearest(line(1e20), line(3, 4), PRODUCT)


def test_a_run_hands_the_verdict_over_with_every_candidate(plain):
    verdicts = {c["name"]: c["memorisation"] for record in plain.finished.records for c in record["candidates"]}
    found = {name: verdict["status"] for name, verdict in verdicts.items()}
    assert {name for name, status in found.items() if status == "flagged"} == set(COPYING)
    assert {found[name] for name in HONEST} == {"clear"}
    assert {verdict["extractor"] for verdict in verdicts.values()} == {"pixels/1/no-weights"}


def test_distinct_rows_are_the_first_of_each():
    assert distinct(np.array([[1, 2], [3, 4], [1, 2], [5, 6], [3, 4]])).tolist() == [0, 1, 3]


def test_real_numbers_have_no_picture_and_are_judged_all_the_same(tmp_path):
    rng = np.random.default_rng(0)
    train, valid, test = (Examples(rng.standard_normal((300, 3), np.float32)) for _ in range(3))
    home = laid_down(Splits(Space((3,), levels=None), train, valid, test), tmp_path)
    gate = Gate(Features(home, {"pixels": Pixels}, CPU), "pixels", home)
    copies = gate.verdict(train.x)
    assert (copies.pairs, flagged(copies)) == (None, {"train"})
    assert gate.verdict(valid.x).status == "clear"


def test_a_comparison_without_training_data_has_no_copy_rate(splits):
    test = flat(splits.test.x)
    for name in ("copy-rate", "authenticity", "copy-auc"):
        with pytest.raises((Unavailable, Unsuitable), match="needs the features of the training data"):
            BY_NAME[name]().score(Evidence(splits.space, splits.test.x, features=Comparison(test, test)))
