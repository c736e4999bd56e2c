"""The gate against copies: who copies is flagged, who does not is clear, and what it leaves can be read and seen."""

import base64
import io

import numpy as np
import pytest
from copied import AVERAGING, CONTROLS, COPYING, HONEST, PRODUCT, features_of, flagged, gated, laid_down
from PIL import Image

from genbench.contracts.dataset import Examples, Splits
from genbench.files.atomic import cache_folder
from genbench.files.codec import decoded, encoded
from genbench.geometry.nearest import nearest
from genbench.records.gates import CONTROLS as FRESH, CopyVerdict, GateStatus, unavailable
from genbench.records.space import Space
from genbench.scoring.features import SampleFeatures
from genbench.scoring.novelty.evidence import some
from genbench.scoring.novelty.gate import CopyGate, copy_verdict
from genbench.scoring.novelty.pairs import flat

BY_SET = {"tail", "pixel-tail", "one-third", "span", "transformed"}  # tests against a set of images


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", COPYING)
def test_who_copies_is_flagged_for_what_it_copies(features, samples, name, extractor):
    verdict = gated(features, extractor, samples[name], shows_held=True)
    assert (verdict.status, flagged(verdict)) == (GateStatus.FLAGGED, {COPYING[name]})
    assert verdict.reason.count("against") == sum(test.flagged for test in verdict.tests)


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", HONEST)
def test_who_does_not_copy_is_clear_however_bad_it_is(features, samples, name, extractor):
    verdict = gated(features, extractor, samples[name], shows_held=True)
    assert (verdict.status, verdict.reason, flagged(verdict)) == (GateStatus.CLEAR, None, set())


def test_every_control_is_among_those_that_copy_or_average_or_do_not():
    assert {*COPYING, *AVERAGING, *HONEST} == set(CONTROLS)


@pytest.mark.parametrize("name", AVERAGING)
def test_averages_of_training_rows_lie_in_their_tail(features, samples, name):
    verdict = gated(features, "digits-net", samples[name])
    assert ("train", "tail") in {(test.against, test.test) for test in verdict.tests if test.flagged}


@pytest.mark.parametrize("name", ["independent-pixels", "noise", "mean-image"])
def test_a_model_of_the_same_samples_as_an_honest_control_is_clear_as_well(features, samples, name):
    # One image again and again is a collapse: no bank, and no copy.
    assert gated(features, "digits-net", samples[name]).status is GateStatus.CLEAR


@pytest.mark.parametrize(("name", "sets"), [("real-held-out", {"held"}), ("mode-dropper", {"held", "samples"})])
def test_a_candidate_that_shows_held_is_flagged_where_the_control_is_not(features, samples, name, sets):
    verdict = gated(features, "digits-net", samples[name])
    assert flagged(verdict) == sets
    assert {test.test for test in verdict.tests if test.flagged and test.against == "held"} == BY_SET
    assert "held-out data (interpolated or contracted): 100.0% of the samples" in verdict.reason


def test_a_replay_of_the_split_that_plugins_watch_is_flagged_by_every_test(features, splits):
    x = splits.valid.x[np.random.default_rng(0).permutation(300)]
    verdict = gated(features, "digits-net", x)
    assert {(test.against, test.test) for test in verdict.tests if test.flagged} == {("valid", test) for test in BY_SET}


def test_rows_drawn_from_a_bank_that_no_split_holds_are_flagged_by_their_repeats(features, splits, tmp_path):
    less = Splits(splits.space, splits.train, splits.valid, splits.test, splits.train)
    bank = splits.held.x  # in these data no split has them
    for jitter in (0, 1):
        rng = np.random.default_rng(jitter)
        x = bank[rng.integers(0, len(bank), 449)].astype(int)
        x = (x + jitter * (rng.random(x.shape) < 0.1)).clip(0, 16).astype(np.uint8)
        verdict = gated(features_of(laid_down(less, tmp_path / str(jitter))), "digits-net", x)
        found = {test.test: test for test in verdict.tests if test.flagged}
        assert set(found) == {"near-repeats"} | ({"repeats"} if not jitter else set())
        assert verdict.reason.startswith(f"{next(iter(found))} test among themselves")
    # 449 draws of 449 rows: a birthday estimate is good to a tenth or so.
    assert 350 < float(gated(features, "pixels", bank[np.r_[0:225, 0:224]]).tests[-2].note.split()[-2]) < 550


@pytest.mark.parametrize("jitter", [0, 1])
def test_a_bank_of_many_times_the_samples_is_flagged_by_further_draws_of_the_run(features, jitter):
    rng = np.random.default_rng(0)
    bank = rng.integers(0, 17, (60_000, 1, 8, 8))

    def drawn(n):
        x = bank[rng.permutation(len(bank))[:n]] if n < 1000 else bank[rng.integers(0, len(bank), n)]
        return (x + jitter * (rng.random(x.shape) < 0.1)).clip(0, 16).astype(np.uint8)

    candidate, gate = features.of(drawn(449)), CopyGate(features, "pixels")
    fresh = rng.integers(0, 17, (5000, 1, 8, 8)).astype(np.uint8)
    assert "samples" not in flagged(gate.verdict(candidate)) | flagged(gate.verdict(candidate, fresh))
    tests = {test.test for test in gate.verdict(candidate, drawn(5000)).tests if test.flagged}
    assert tests == {"near-repeats"} | (set() if jitter else {"repeats"})


@pytest.mark.parametrize(
    ("change", "seen_by"),
    [
        (lambda x: np.roll(x, 1, -1), "transformed"),
        (lambda x: x[..., ::-1], "transformed"),
        (lambda x: 16 - x, "transformed"),
        (lambda x: (0.8 * x).round().astype(np.uint8), "span"),
    ],
)
def test_copies_that_are_moved_turned_inverted_or_darkened_are_flagged(features, splits, change, seen_by):
    verdict = gated(features, "digits-net", change(splits.train.x[:449]))
    assert ("train", seen_by) in {(test.against, test.test) for test in verdict.tests if test.flagged}


def test_which_samples_are_looked_at_closely_depends_on_all_of_them(splits):
    x = np.concatenate([splits.train.x] * 2)
    seeds = [int(SampleFeatures(None, of).sha256, 16) for of in (x, x[::-1])]
    first, second = (some(np.arange(len(x)), np.random.default_rng(seed)) for seed in seeds)
    assert len(first) == len(second) == 1000
    assert set(first) != set(second)


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
def test_the_shares_are_those_of_the_specification(features, samples, name, against, in_tail, one_third):
    verdict = gated(features, "levels", samples[name])
    shares = {test.test: test.share for test in verdict.tests if test.against == against}
    # Its table was drawn with other splits: single rows move a share by 0.2 points, the noise a tenth of its rows.
    assert shares["tail"] == pytest.approx(in_tail, abs=0.015)
    assert shares["one-third"] == pytest.approx(one_third, abs=0.04 if name == "copycat-noise" else 0.005)


def test_training_and_test_data_are_told_apart(splits, samples, tmp_path):
    exchanged = laid_down(Splits(splits.space, splits.test, splits.valid, splits.train, splits.held), tmp_path)
    features = features_of(exchanged)
    assert flagged(gated(features, "digits-net", samples["copycat"])) == {"test"}
    assert flagged(gated(features, "digits-net", samples["test-copycat"])) == {"train"}


def test_blends_of_training_neighbours_lie_in_the_tail_and_break_no_one_third_rule(features, splits):
    train = flat(splits.train.x)
    second = nearest(train, train, PRODUCT).indices[:, 1]
    blends = ((train + train[second]) / 2).round().astype(np.uint8).reshape(-1, 1, 8, 8)
    verdict = gated(features, "digits-net", blends)
    found = {(test.against, test.test) for test in verdict.tests if test.flagged}
    assert found >= {("train", "tail"), ("train", "span")}
    assert "one-third" not in {test for _, test in found}
    assert ("samples", "repeats") in found  # two rows that are nearest to each other have one blend


def test_rows_that_the_set_holds_twice_hide_no_copy(splits, tmp_path):
    train = Examples(np.concatenate([splits.train.x] * 2), np.concatenate([splits.train.y] * 2))
    twice = laid_down(Splits(splits.space, train, splits.valid, splits.test, splits.held), tmp_path)
    verdict = gated(features_of(twice), "levels", splits.train.x)
    # Both rows of a pair are copies, and the second nearest row is no farther than the nearest: no ratio shows it.
    assert {test.share for test in verdict.tests if test.against == "train"} == {1}
    assert all(pair.row < len(splits.train) for pair in verdict.suspicious)


def test_the_split_held_is_the_control_of_all_others_and_test_is_its_own(splits, tmp_path):
    repeated = laid_down(Splits(splits.space, splits.train, splits.valid, splits.test, splits.train), tmp_path)
    verdict = gated(features_of(repeated), "levels", np.concatenate([splits.train.x[:299], splits.test.x[:300]]))
    # A held split of training rows excuses copies of them, but not of test data; it is a set by itself.
    assert flagged(verdict) == {"test", "held"}
    controls = {test.against: test.control for test in verdict.tests if test.test == "tail"}
    assert list(controls) == list(FRESH)
    assert controls == {"train": 1, **dict.fromkeys(("valid", "test", "held"), pytest.approx(0.01, abs=0.003))}


def test_the_most_suspicious_pairs_are_the_copies_and_their_picture_shows_them(features, samples, splits):
    x = samples["partial-copycat"]
    verdict = gated(features, "digits-net", x)
    assert len(verdict.suspicious) == 8
    for pair in verdict.suspicious:
        assert (pair.against, pair.distance) == ("train", 0)
        np.testing.assert_array_equal(x[pair.sample], splits.train.x[pair.row])
    with Image.open(io.BytesIO(base64.b64decode(verdict.pairs))) as image:
        shown = np.asarray(image)
    assert shown.shape == (17, 71)  # 2 × 8 digits of 8 × 8 pixels, a line between two of them
    np.testing.assert_array_equal(shown[:8], shown[9:])


def test_a_picture_shows_each_sample_above_its_nearest_row(features, samples, splits):
    x = samples["copycat-noise"]
    verdict = gated(features, "levels", x)
    with Image.open(io.BytesIO(base64.b64decode(verdict.pairs))) as image:
        shown = np.asarray(image)
    for place, pair in enumerate(verdict.suspicious):
        columns = slice(9 * place, 9 * place + 8)
        for rows, digit in ((slice(8), x[pair.sample, 0]), (slice(9, None), splits.train.x[pair.row, 0])):
            np.testing.assert_array_equal(shown[rows, columns], (digit * (255 / 16)).round())


def test_a_verdict_survives_its_json(features, samples):
    verdict = gated(features, "digits-net", samples["copycat"])
    assert decoded(CopyVerdict, encoded(verdict)) == verdict
    assert verdict.detectable == dict.fromkeys(FRESH, pytest.approx(0.05, abs=0.001))
    assert verdict.extractor == features.extractor("digits-net").identity


def test_the_second_gate_reads_what_real_data_alone_give(features, home, samples, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    first = gated(features, "digits-net", samples["test-copycat"])
    kept = sorted(cache_folder("nearest").iterdir())
    assert len(kept) == 9  # in pixels and in features, against each set; and of held among test
    assert gated(features_of(home), "digits-net", samples["test-copycat"]) == first
    for path in kept:  # it is believed: where fresh data lie at 0, no copy stands out
        with np.load(path) as file:
            np.savez(path, **dict(file) | {"squared": np.zeros_like(file["squared"])})
    again = gated(features_of(home), "digits-net", samples["test-copycat"])
    seen = [[test.flagged for test in verdict.tests if test.test == "tail"] for verdict in (first, again)]
    assert seen == [[False, False, True, False], [False] * 4]


@pytest.mark.parametrize(
    ("extractor", "reason"),
    [
        ("digits-net", "extractor digits-net serves 1×8×8, 17 levels, got 1×2×2"),
        ("broken", "the gate failed: RuntimeError: boom"),
    ],
)
def test_a_gate_that_fails_costs_itself_alone(tmp_path, extractor, reason):
    examples = Examples(np.arange(32, dtype=np.uint8).reshape(8, 1, 2, 2) % 4)
    features = features_of(
        laid_down(Splits(Space((1, 2, 2), levels=4), examples, examples, examples, examples), tmp_path)
    )
    gate, candidate = CopyGate(features, extractor), features.of(examples.x)
    found = copy_verdict(lambda: gate.verdict(candidate))
    assert found.reason.startswith(reason)
    assert found == unavailable(found.reason)


def test_a_run_hands_the_verdict_over_with_every_candidate(plain):
    found = {c.name: c.memorisation for record in plain.finished.records for c in record.candidates if c.ok}
    flagged = {name for name, verdict in found.items() if verdict.status is GateStatus.FLAGGED}
    assert flagged == {*COPYING, *AVERAGING}
    assert {found[name].status for name in HONEST} == {GateStatus.CLEAR}
    assert {verdict.extractor for verdict in found.values()} == {"pixels/1/no-weights"}


def test_real_numbers_have_no_picture_and_are_judged_all_the_same(tmp_path):
    rng = np.random.default_rng(0)
    train, valid, test, held = (Examples(rng.standard_normal((300, 3), np.float32)) for _ in range(4))
    features = features_of(laid_down(Splits(Space((3,), levels=None), train, valid, test, held), tmp_path))
    copies = gated(features, "pixels", train.x)
    assert (copies.pairs, flagged(copies)) == (None, {"train"})
    assert flagged(gated(features, "pixels", valid.x)) == {"valid"}
    fresh = rng.standard_normal((300, 3), np.float32)
    assert gated(features, "pixels", fresh).status is GateStatus.CLEAR
