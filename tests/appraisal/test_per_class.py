"""Scores per class: those of the samples of one class beside the real data of that class."""

import numpy as np
import pytest
from PIL import Image

import genbench
from genbench.builtin.datasets.digits import Digits
from genbench.errors import GenbenchError

RNG = np.random.default_rng(0)
REAL, GENERATED = RNG.integers(0, 256, (2, 90, 1, 3, 2), dtype=np.uint8)
LABELS = np.arange(90) % 3
OPTIONS = {"extractor": "pixels", "scores": "fd,kid,precision", "per_class": True}


@pytest.fixture
def files(tmp_path):
    """Two files with images and labels; of the generated ones class 2 is rare."""
    rare = np.where(np.arange(90) < 85, LABELS % 2, 2)
    np.savez(tmp_path / "real.npz", images=REAL, labels=LABELS)
    np.savez(tmp_path / "generated.npz", images=GENERATED, labels=rare)
    return tmp_path / "generated.npz", tmp_path / "real.npz", rare


def test_each_class_scores_as_its_samples_alone(files):
    generated, real, rare = files
    found = genbench.score(generated, reference=real, **OPTIONS)
    assert (found.labels, list(found.per_class)) == ("as given", ["0", "1", "2"])
    for label in (0, 1):
        part = found.per_class[str(label)]
        assert (part.n, part.reference_n) == ((rare == label).sum(), 30)
        ours, theirs = GENERATED[rare == label], REAL[label == LABELS]
        alone = genbench.score(ours, reference=theirs, **OPTIONS | {"per_class": False}).scores
        assert {name: score.value for name, score in part.scores.items()} == {n: s.value for n, s in alone.items()}
        assert part.scores["fd"].reference.endswith(f"/class {label}")
    few = found.per_class["2"]
    assert (dict(few.scores), "more than 6 samples, got 5" in few.missing["fd"].reason) == ({}, True)


def test_labels_of_a_dataset_are_its_own_and_those_of_samples_are_predicted_where_the_extractor_can():
    held = Digits().splits().held
    found = genbench.score(held.x, dataset="digits", scores="kid", per_class=True)
    assert found.labels == "of samples predicted by digits-net"
    counts = np.bincount(held.y)
    predicted = [part.n for part in found.per_class.values()]
    assert np.abs(predicted - counts).max() <= 5  # it errs on 1 % of 449
    assert [part.reference_n for part in found.per_class.values()] == np.bincount(Digits().splits().test.y).tolist()


def test_numbered_sub_folders_are_labels(tmp_path):
    for label in (3, 11):
        (tmp_path / str(label)).mkdir()
        for i in range(8):
            pixels = RNG.integers(0, 256, (3, 2), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / str(label) / f"{i}.png")
    found = genbench.score(tmp_path, reference=tmp_path, **OPTIONS | {"scores": "kid"})
    assert [(label, part.n) for label, part in found.per_class.items()] == [("3", 8), ("11", 8)]


def test_without_labels_it_is_one_line():
    with pytest.raises(GenbenchError, match="--per-class needs labels on both sides, in a "):
        genbench.score(GENERATED, reference=REAL, **OPTIONS)


def test_what_was_not_asked_for_is_not_there(files):
    found = genbench.score(files[0], reference=files[1], extractor="pixels", scores="kid")
    assert (found.per_class, found.labels) == ({}, "")
    assert "per_class" not in found.to_json()
