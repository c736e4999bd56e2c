"""`genbench.Stream`: the scores of batches are those of all samples at once."""

import numpy as np
import pytest
import torch

import genbench
from genbench.appraisal import Appraisal
from genbench.builtin.datasets.digits import Digits
from genbench.errors import GenbenchError

RNG = np.random.default_rng(0)
GENERATED, REAL = RNG.integers(0, 256, (2, 60, 1, 3, 2), dtype=np.uint8)
SCORES = "fd,kid,precision,recall,mind"
AGAINST = {"reference": REAL, "extractor": "pixels", "scores": SCORES}


def values(found: Appraisal) -> dict[str, float]:
    return {name: score.value for name, score in found.scores.items()}


@pytest.mark.parametrize("size", [2, 7, 60])
def test_batches_of_any_size_score_as_all_samples_at_once(size):
    stream = genbench.Stream(**AGAINST)
    for start in range(0, 60, size):
        stream.update(GENERATED[start : start + size] if start + size <= 58 or size > 7 else GENERATED[start:])
        if start + size > 58:
            break
    found, whole = stream.scores(), genbench.score(GENERATED, **AGAINST)
    assert found.scores == whole.scores
    assert (found.identity.samples, found.identity.n) == ("a stream", 60)
    assert found.identity.reference_sha256 == whole.identity.reference_sha256


def test_the_hash_is_one_of_the_rows_whatever_the_batches_are():
    hashes = []
    for sizes in ((30, 30), (20, 20, 20)):
        stream, start = genbench.Stream(**AGAINST), 0
        for size in sizes:
            stream.update(GENERATED[start : start + size])
            start += size
        hashes.append(stream.scores().identity.samples_sha256)
    stream.reset()
    stream.update(REAL)
    assert hashes[0] == hashes[1] != stream.scores().identity.samples_sha256


def test_after_a_reset_only_new_samples_count():
    stream = genbench.Stream(**AGAINST)
    stream.update(REAL)
    assert stream.scores().scores["fd"].value < 1e-9
    stream.reset()
    with pytest.raises(GenbenchError, match="a stream has no samples yet: update it with a batch"):
        stream.scores()
    stream.update(GENERATED)
    assert values(stream.scores()) == values(genbench.score(GENERATED, **AGAINST))


def test_tensors_against_a_dataset_score_as_their_arrays():
    splits = Digits().splits()
    stream = genbench.Stream(dataset="digits", scores="fd,coverage,quality-share,copy-rate")
    for batch in torch.from_numpy(splits.held.x).split(150):
        stream.update(batch)
    whole = genbench.score(splits.held.x, dataset="digits", scores="fd,coverage,quality-share,copy-rate")
    # Batches of another size add in another order: a few float32 roundings of the features.
    assert values(stream.scores()) == pytest.approx(values(whole), rel=1e-3)
    quality = whole.scores["quality-share"]
    assert (quality.value, quality.details["uncalibrated"], quality.details["classes"]) == (1, 1, 10)


def test_statistics_are_a_reference_of_a_stream_too(tmp_path):
    x = REAL.reshape(60, -1) / 255
    np.savez(tmp_path / "s.npz", mu=x.mean(0), sigma=np.cov(x, rowvar=False))
    stream = genbench.Stream(reference=tmp_path / "s.npz", extractor="pixels")
    stream.update(GENERATED[:30])
    stream.update(GENERATED[30:])
    found = stream.scores()
    whole = genbench.score(GENERATED, reference=REAL, extractor="pixels", scores="fd")
    assert found.scores["fd"].value == pytest.approx(whole.scores["fd"].value, rel=1e-4)
    assert set(found.scores) == {"fd"}


def test_what_a_stream_cannot_do_is_one_line():
    for options in ({"scores": "memorisation"}, {"per_class": True}):
        with pytest.raises(GenbenchError, match="a stream has no memorisation, protocol or per_class"):
            genbench.Stream(**AGAINST | options)
    with pytest.raises(GenbenchError, match="no score is named 'fdd'"):
        genbench.Stream(**AGAINST | {"scores": "fdd"})
    stream = genbench.Stream(**AGAINST)
    stream.update(GENERATED[:30])
    with pytest.raises(GenbenchError, match=r"expected samples of 1×3×2"):
        stream.update(np.zeros((9, 4, 4), np.uint8))
