"""CAS of samples that somebody brings with labels, and of those without."""

import numpy as np
import pytest

import genbench
from genbench.builtin.datasets.digits import Digits


def test_real_images_with_their_labels_teach_and_wrong_labels_do_not(tmp_path):
    held = Digits().splits().held
    values = []
    for name, y in (("right", held.y), ("shuffled", np.random.default_rng(0).permutation(held.y))):
        np.savez(tmp_path / f"{name}.npz", x=held.x, y=y)
        found = genbench.score(tmp_path / f"{name}.npz", dataset="digits", extractor="pixels", scores="cas")
        values.append(found.scores["cas"].value)
    assert values[0] > 0.9 > 0.4 > values[1]


def test_beside_samples_as_the_reference_its_labels_count(tmp_path):
    splits = Digits().splits()
    for name, examples in (("samples", splits.held), ("reference", splits.test)):
        np.savez(tmp_path / f"{name}.npz", x=examples.x, y=examples.y)
    reference = tmp_path / "reference.npz"
    found = genbench.score(tmp_path / "samples.npz", reference=reference, extractor="pixels", scores="cas")
    assert found.scores["cas"].value > 0.9


def test_samples_without_labels_have_none_and_are_told_so():
    with pytest.raises(genbench.GenbenchError, match="needs labels of the samples"):
        genbench.score(Digits().splits().held.x, dataset="digits", extractor="pixels", scores="cas")
