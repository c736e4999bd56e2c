"""Features: each candidate is compared with its own features, and nothing is computed or hashed twice."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.errors import Unavailable
from genbench.files.atomic import cache_folder, cache_path
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.scoring.features import Features
from genbench.scoring.kept import kept
from genbench.scoring.vectors import PART, VectorCache
from genbench.store import datasets

CPU = "cpu"
EXTRACTORS = {"pixels": Pixels, "digits-net": DigitsNet}


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    home = tmp_path_factory.mktemp("data")
    datasets.write(Digits().splits(), home)
    return Features(home, EXTRACTORS, CPU)


def level(of: int) -> np.ndarray:
    return np.full((5, 1, 8, 8), of, np.uint8)


def test_samples_that_lie_where_others_lay_get_features_of_their_own(features):
    for number in range(17):
        # Each array is freed before the next is made, and often takes its place in memory.
        compared = features.of(level(number)).comparison("pixels")
        assert (compared.generated == np.float32(number / 16)).all()


def test_all_metrics_of_one_candidate_share_a_comparison(features):
    candidate = features.of(level(0))
    assert candidate.comparison("pixels") is candidate.comparison("pixels")
    assert candidate.compared("pixels").comparison is candidate.comparison("pixels")


def test_candidates_share_the_reference(features):
    one, other = (features.of(level(number)).comparison("pixels") for number in (1, 2))
    assert one is not other
    assert one.reference is other.reference


def test_features_of_the_training_split_are_made_once_somebody_asks_for_them(tmp_path):
    asked = []

    class Listening(Pixels):
        name = "listening"

        def features(self, x):
            asked.append(len(x))
            return super().features(x)

    splits = Digits().splits()
    datasets.write(splits, tmp_path)
    found = Features(tmp_path, {"listening": Listening}, CPU)
    comparison = found.of(splits.valid.x[:50]).comparison("listening")
    assert comparison.across.neighbours is not None  # of samples and test rows alone
    assert sum(asked) == len(splits.test) + 50
    assert len(comparison.train) == len(splits.train)
    assert sum(asked) == len(splits.test) + 50 + len(splits.train)
    alone = Features(tmp_path, {"listening": Listening}, CPU, with_train=False).of(splits.valid.x[:50])
    assert alone.comparison("listening").train is None


def test_the_bytes_of_a_candidate_are_hashed_once(features):
    features.of(level(3)).comparison("pixels")  # its vectors lie in the cache now
    samples = level(3)
    candidate = features.of(samples)
    known = candidate.sha256
    samples[:] = 4  # who hashed again would find other vectors
    assert (candidate.comparison("pixels").generated == np.float32(3 / 16)).all()
    assert candidate.sha256 == known != features.of(samples).sha256


def test_what_is_compared_names_the_extractor_and_the_reference(features):
    compared = features.of(level(0)).compared("digits-net")
    assert compared.identity == features.extractor("digits-net").identity
    assert compared.reference == f"{features.home.name[:16]}/test"


def test_other_samples_are_embedded_by_the_same_extractor(features):
    compared = features.of(level(0)).compared("pixels")
    np.testing.assert_array_equal(compared.embed(level(8)), np.full((5, 64), 0.5, np.float32))


def test_a_score_of_features_without_an_extractor_is_not_to_be_had(features):
    with pytest.raises(Unavailable, match="needs an extractor"):
        features.of(level(0)).compared("")


def test_answers_that_are_no_samples_have_no_features(features):
    with pytest.raises(Unavailable, match="the answers are no samples"):
        features.of(level(0)[:0]).compared("pixels")


def test_training_data_that_are_not_wanted_are_not_extracted(features):
    told = []
    alone = Features(features.home, {"pixels": Other}, CPU, told=lambda what, *_: told.append(what), with_train=False)
    comparison = alone.of(level(1)).comparison("pixels")
    assert comparison.train is None
    assert set(told) == {"samples", "test"}


class Other(Pixels):
    """Pixels under an identity that nothing else in the cache has."""

    version = "test_features"


def test_features_of_the_same_samples_are_computed_once_ever(features, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    samples = np.arange(5 * 64, dtype=np.uint8).reshape(5, 1, 8, 8) % 17
    told = []

    def extracted(x: np.ndarray) -> np.ndarray:
        anew = Features(features.home, EXTRACTORS, CPU, told=lambda what, done, total: told.append((what, done)))
        return anew.of_samples("pixels", x, anew.of(x).sha256)

    np.testing.assert_array_equal(extracted(samples), extracted(samples.copy()))
    assert told == [("samples", 0), ("samples", 5)]
    turned = samples.transpose(0, 1, 3, 2)  # of the same bytes in memory
    assert not (extracted(turned) == extracted(samples)).all()
    assert told == [("samples", 0), ("samples", 5)] * 2


def test_vectors_that_are_not_as_they_were_written_are_set_aside_and_made_again(features, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    written = Features(features.home, EXTRACTORS, CPU).of(level(5)).comparison("pixels").generated
    (path,) = [path for path in cache_folder("features").iterdir() if len(np.load(path)) == 5]
    np.save(path, np.zeros((5, 64), np.float32))
    again = Features(features.home, EXTRACTORS, CPU)
    np.testing.assert_array_equal(again.of(level(5)).comparison("pixels").generated, written)
    (words,) = again.damaged
    assert f"{path} is not as it was written; set aside as .damaged-{path.name}" == words
    assert path.exists()
    assert path.with_name(f".damaged-{path.name}").exists()


def test_two_who_want_the_same_vectors_at_once_make_them_once() -> None:
    made, begun = [], threading.Event()

    def computed() -> NDArray[np.float32]:
        made.append(threading.get_ident())
        begun.set()
        time.sleep(0.3)  # long enough for the other one to look and find nothing
        return np.ones((3, 2), np.float32)

    def wanted() -> NDArray[np.float32]:
        return VectorCache().found({"samples": "of both"}, computed)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(wanted)
        assert begun.wait(10)
        second = pool.submit(wanted)
        assert np.array_equal(first.result(), second.result())
    assert len(made) == 1
    assert not list(cache_path("features").glob(".making-*"))


def test_who_dies_while_making_vectors_keeps_nobody_waiting() -> None:
    script = (
        "import os; from genbench.scoring.vectors import VectorCache; "
        "VectorCache().found({'samples': 'of one who dies'}, lambda: os._exit(7))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 7
    assert list(cache_path("features").glob(".making-*"))
    vectors = VectorCache().found({"samples": "of one who dies"}, lambda: np.ones((3, 2), np.float32))
    assert vectors.shape == (3, 2)
    assert not list(cache_path("features").glob(".making-*"))


def test_vectors_of_many_rows_are_kept_in_parts_and_made_once() -> None:
    rows = 2 * PART + 100
    made: list[tuple[int, int]] = []

    def computed(part: slice) -> NDArray[np.float32]:
        made.append((part.start, part.stop))
        if len(made) == 2:
            raise KeyboardInterrupt  # stopped in the second part
        return np.arange(part.start, part.stop, dtype=np.float32)[:, None]

    with pytest.raises(KeyboardInterrupt):
        VectorCache().found_in_parts({"of": "many rows"}, computed, rows)
    found = VectorCache().found_in_parts({"of": "many rows"}, computed, rows)
    assert np.array_equal(found, np.arange(rows, dtype=np.float32)[:, None])
    assert made == [(0, PART), (PART, 2 * PART), (PART, 2 * PART), (2 * PART, rows)]
    assert np.array_equal(VectorCache().found_in_parts({"of": "many rows"}, computed, rows), found)
    assert len(made) == 4


def test_two_who_want_many_rows_at_once_share_the_work() -> None:
    made, both = [], threading.Barrier(2)

    def computed(part: slice) -> NDArray[np.float32]:
        made.append(part.start)
        if len(made) <= 2:
            both.wait(10)  # each of them is at a part of its own
        return np.full((part.stop - part.start, 1), part.start, np.float32)

    def wanted() -> NDArray[np.float32]:
        return VectorCache().found_in_parts({"of": "shared rows"}, computed, 4 * PART)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(wanted), pool.submit(wanted)
        assert np.array_equal(one.result(), two.result())
    assert sorted(made) == [0, PART, 2 * PART, 3 * PART]


def test_features_in_parts_are_those_of_all_rows_at_once(features, monkeypatch) -> None:
    samples = np.random.default_rng(0).integers(0, 17, (1_300, 1, 8, 8), dtype=np.uint8)
    whole = features.of(samples).comparison("digits-net").generated
    monkeypatch.setattr("genbench.scoring.vectors.PART", 500)
    other = Features(features.home, EXTRACTORS, CPU)
    monkeypatch.setenv("GENBENCH_CACHE", str(cache_path("elsewhere")))
    assert np.array_equal(other.of(samples).comparison("digits-net").generated, whole)


def test_what_real_data_alone_give_is_as_geometry_says_and_is_computed_once(features, monkeypatch):
    read = Features(features.home, EXTRACTORS, CPU)
    test, train, held = (read.of_split("pixels", split) for split in ("test", "train", "held"))
    plain = Reference(test, train)
    for computed in (features, read):  # the second reads what the first computed
        reference, own = computed.reference("pixels"), computed.held("pixels")
        np.testing.assert_array_equal(reference.train_of_real.indices, plain.train_of_real.indices)
        np.testing.assert_array_equal(reference.train_of_real.squared, plain.train_of_real.squared)
        np.testing.assert_array_equal(reference.moments_train.covariance, plain.moments_train.covariance)
        np.testing.assert_array_equal(reference.moments_train.mean, plain.moments_train.mean)
        np.testing.assert_array_equal(
            own.train_of_generated.indices, Comparison(plain, held).train_of_generated.indices
        )
        assert reference.moments_train.count == len(train)
        monkeypatch.setattr("genbench.scoring.features.nearest", None)  # who computes again stumbles
        monkeypatch.setattr("genbench.scoring.features.moments", None)


def test_kept_arrays_that_are_damaged_are_computed_anew(features):
    names = {"data": "one", "of": "another"}
    first = kept("nearest", names, lambda: {"x": np.arange(1000.0)})
    (path,) = (path for path in cache_path("nearest").glob("*.npz") if np.load(path).files == ["x"])
    whole = path.read_bytes()
    for damaged in (whole[:200], whole[:-30], b"", whole[:400] + b"\0\1\2" + whole[403:]):
        path.write_bytes(damaged)
        np.testing.assert_array_equal(kept("nearest", names, lambda: {"x": np.arange(1000.0)})["x"], first["x"])
        assert path.read_bytes() == whole


def test_without_training_data_nothing_is_near(features):
    alone = Features(features.home, EXTRACTORS, CPU, with_train=False)
    for found in (lambda: alone.reference("pixels").train_of_real, lambda: alone.reference("pixels").moments_train):
        with pytest.raises(Unavailable):
            found()
    with pytest.raises(Unavailable):
        _ = alone.held("pixels").train_of_generated
