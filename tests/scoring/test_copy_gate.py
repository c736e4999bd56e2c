"""The gate against copies: who copies is flagged, who does not is clear, and what it leaves can be read and seen."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from copied import CONTROLS, COPYING, HONEST, PRODUCT, features_of, flagged, gated, laid_down
from PIL import Image

from genbench.contracts.dataset import Examples, Splits
from genbench.files.atomic import cache_folder
from genbench.files.codec import decoded, encoded
from genbench.records.gates import CopyVerdict, GateStatus, unavailable
from genbench.records.space import Space
from genbench.scoring.copies import CopyGate, copy_verdict
from genbench.scoring.memorisation import BARS, flat, nearest


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", COPYING)
def test_who_copies_is_flagged_for_what_it_copies(features, samples, name, extractor):
    verdict = gated(features, extractor, samples[name])
    assert (verdict.status, flagged(verdict)) == (GateStatus.FLAGGED, {COPYING[name]})
    assert verdict.reason.count("against") == sum(test.flagged for test in verdict.tests)


@pytest.mark.parametrize("extractor", ["digits-net", "levels", "standardised"])
@pytest.mark.parametrize("name", HONEST)
def test_who_does_not_copy_is_clear_however_bad_it_is(features, samples, name, extractor):
    verdict = gated(features, extractor, samples[name])
    assert (verdict.status, verdict.reason, flagged(verdict)) == (GateStatus.CLEAR, None, set())


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


@pytest.mark.parametrize(
    ("name", "extractor", "seen_by"),
    [("copycat-noise", "standardised", {"one-third"}), ("copycat", "digits-net", {"tail", "one-third"})],
)
def test_a_test_that_is_switched_off_lets_its_copies_pass(features, samples, name, extractor, seen_by):
    def seeing(**bars: float) -> set[str]:
        verdict = gated(features, extractor, samples[name], replace(BARS, **bars))
        return {test.test for test in verdict.tests if test.flagged}

    assert seeing() == seen_by
    assert seeing(ratio=0.0) == seen_by - {"one-third"}
    assert seeing(ratio=0.0, significance=0.0) == set()


def test_blends_of_training_neighbours_lie_in_the_tail_and_break_no_one_third_rule(features, splits):
    train = flat(splits.train.x)
    second = nearest(train, train, PRODUCT).indices[:, 1]
    blends = ((train + train[second]) / 2).round().astype(np.uint8).reshape(-1, 1, 8, 8)
    verdict = gated(features, "digits-net", blends)
    assert [(test.against, test.test) for test in verdict.tests if test.flagged] == [("train", "tail")]


def test_rows_that_the_set_holds_twice_hide_no_copy(splits, tmp_path):
    train = Examples(np.concatenate([splits.train.x] * 2), np.concatenate([splits.train.y] * 2))
    twice = laid_down(Splits(splits.space, train, splits.valid, splits.test, splits.held), tmp_path)
    verdict = gated(features_of(twice), "levels", splits.train.x)
    # Both rows of a pair are copies, and the second nearest row is no farther than the nearest: no ratio shows it.
    assert [test.share for test in verdict.tests if test.against == "train"] == [1, 1]
    assert all(pair.row < len(splits.train) for pair in verdict.suspicious)


def test_the_split_held_is_the_control_of_training_data_and_of_test_data(splits, tmp_path):
    repeated = laid_down(Splits(splits.space, splits.train, splits.valid, splits.test, splits.train), tmp_path)
    verdict = gated(features_of(repeated), "levels", np.concatenate([splits.train.x[:299], splits.test.x[:300]]))
    # A held split of training rows excuses copies of them, but not of test data.
    tests = [(against, test) for against in ("train", "test") for test in ("tail", "one-third")]
    assert [(test.against, test.test) for test in verdict.tests] == tests
    assert [test.share for test in verdict.tests] == pytest.approx([299 / 599] * 2 + [300 / 599] * 2, abs=0.005)
    assert [test.flagged for test in verdict.tests] == [False, False, True, True]
    assert [test.control for test in verdict.tests] == [1, 1, pytest.approx(0.01, abs=0.001), 0]


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
    assert verdict.detectable == {"train": 22 / 449, "test": 22 / 449}
    assert verdict.extractor == features.extractor("digits-net").identity


def test_the_second_gate_reads_what_real_data_alone_give(features, home, samples, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    first = gated(features, "digits-net", samples["test-copycat"])
    kept = sorted(cache_folder("nearest").iterdir())
    assert len(kept) == 4  # in pixels and in features, against either set
    assert gated(features_of(home), "digits-net", samples["test-copycat"]) == first
    for path in kept:  # it is believed: where fresh data lie at 0, no copy stands out
        with np.load(path) as file:
            np.savez(path, squared=np.zeros_like(file["squared"]), indices=file["indices"])
    again = gated(features_of(home), "digits-net", samples["test-copycat"])
    seen = [[test.flagged for test in verdict.tests if test.test == "tail"] for verdict in (first, again)]
    assert seen == [[False, True], [False, False]]


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
    assert flagged == set(COPYING)
    assert {found[name].status for name in HONEST} == {GateStatus.CLEAR}
    assert {verdict.extractor for verdict in found.values()} == {"pixels/1/no-weights"}


def test_real_numbers_have_no_picture_and_are_judged_all_the_same(tmp_path):
    rng = np.random.default_rng(0)
    train, valid, test, held = (Examples(rng.standard_normal((300, 3), np.float32)) for _ in range(4))
    features = features_of(laid_down(Splits(Space((3,), levels=None), train, valid, test, held), tmp_path))
    copies = gated(features, "pixels", train.x)
    assert (copies.pairs, flagged(copies)) == (None, {"train"})
    assert gated(features, "pixels", valid.x).status is GateStatus.CLEAR
