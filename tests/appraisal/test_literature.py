"""What papers compare with: the whole training set, published statistics, protocols that have a name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_official
import torch
from PIL import Image
from safetensors.numpy import save_file
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

import genbench
from genbench.appraisal.moments import StatisticsRequest, written
from genbench.appraisal.request import Request
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.mnist import Mnist
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.errors import GenbenchError
from genbench.geometry.frechet import frechet_distance
from genbench.geometry.moments import moments
from genbench.scoring.samples import rows_sha256

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 4)).astype(np.float32)
SHIFTED = (RNG.normal(size=(150, 4)) * [1, 2, 0.5, 1] + [0.3, -0.6, 0, 1]).astype(np.float32)
GREY = RNG.integers(0, 256, (2, 60, 1, 3, 2), dtype=np.uint8)
PLUGIN = """
import genbench
from tiny_official import TinyMnist


class Tiny(TinyMnist):
    name = "tiny-mnist"


@genbench.hookimpl
def genbench_datasets():
    return [Tiny]
"""


def fid(real: np.ndarray, generated: np.ndarray) -> float:
    """torch-fidelity's own Fréchet distance of features."""
    sides = (fid_features_to_statistics(torch.from_numpy(x)) for x in (real, generated))
    return fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]


def refusal(**options: object) -> str:
    with pytest.raises(GenbenchError) as caught:
        genbench.score(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def tiny_mnist(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an installed dataset with an official training set of 60 rows; its folder is the data root."""
    info = site / "tiny_mnist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-mnist\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\ntiny_mnist = tiny_mnist_part\n")
    (site / "tiny_mnist_part.py").write_text(PLUGIN)
    root = tmp_path_factory.mktemp("root")
    tiny_official.lay(root / "mnist", tiny_official.mnist_files())
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(tiny_official.__file__).parent)
        patch.setenv("GENBENCH_DATA", str(root))
        yield "tiny-mnist"
    (info / "entry_points.txt").unlink()
    sys.modules.pop("tiny_mnist_part", None)


def test_against_train_is_against_the_whole_training_set_that_was_cut_into_splits(tiny_mnist):
    whole = tiny_official.images(60, 28, 28)[:, None]
    generated = RNG.integers(0, 256, (30, 1, 28, 28), dtype=np.uint8)
    found = genbench.score(generated, dataset=tiny_mnist, against="train", extractor="pixels", scores="kid,mind")
    facts = found.identity
    assert (facts.reference, facts.reference_n) == ("tiny-mnist/train+valid+held", 60)
    assert found.scores["kid"].reference.endswith("/train+valid+held")
    same = genbench.score(generated, reference=whole, extractor="pixels", scores="kid")
    # The same rows in another order: sums of float32 kernels that are added in another order.
    assert found.scores["kid"].value == pytest.approx(same.scores["kid"].value, rel=1e-4)
    assert (found.memorisation, facts.train) == (None, None)
    assert set(Mnist.training) == {"train", "valid", "held"}


def test_fd_against_train_is_torch_fidelitys_of_the_same_features():
    splits = Digits().splits()
    found = genbench.score(splits.test.x, dataset="digits", against="train")
    extractor = DigitsNet(splits.space, torch.device("cpu"))
    real, generated = (extractor.features(torch.from_numpy(x)).numpy() for x in (splits.train.x, splits.test.x))
    assert found.scores["fd"].value == pytest.approx(fid(real, generated), rel=1e-4)
    assert found.identity.reference_sha256 == rows_sha256(splits.train.x)
    assert not {"copy-rate", "authenticity", "fld"} & {*found.scores, *found.missing}
    assert found.scores["precision"].details["drawn"] == 449


def test_a_folder_whose_held_rows_were_cut_from_train_is_compared_with_all_of_train(tmp_path):
    for split, count in (("train", 20), ("valid", 3), ("test", 8)):
        (tmp_path / split).mkdir()
        for i in range(count):
            pixels = RNG.integers(0, 256, (4, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / split / f"{i}.png")
    generated = RNG.integers(0, 256, (20, 1, 4, 3), dtype=np.uint8)
    options = {"dataset": f"folder:{tmp_path}", "extractor": "pixels", "scores": "kid"}
    against = genbench.score(generated, against="train", **options).identity
    assert (against.reference.rpartition("/")[2], against.reference_n) == ("train+held", 20)
    assert genbench.score(generated, **options).identity.reference_n == 8


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_published_statistics_give_torch_fidelitys_fd_and_nothing_that_takes_vectors(tmp_path, kind):
    sigma = np.cov(REAL.astype(np.float64), rowvar=False)
    np.savez(tmp_path / "s.npz", mu=REAL.mean(0, dtype=np.float64).astype(kind), sigma=sigma.astype(kind))
    found = genbench.score(features=SHIFTED, reference=tmp_path / "s.npz", all_scores=True)
    assert set(found.scores) == {"fd"}
    assert found.scores["fd"].value == pytest.approx(fid(REAL, SHIFTED), rel=1e-4)
    assert (found.scores["fd"].low, found.scores["fd"].details) == (None, {})
    assert found.identity.reference_n is None
    for name in ("kid", "precision", "density", "mind", "fd-infinity"):
        reason = found.missing[name].reason
        assert reason == "needs the reference's feature vectors, and only their mean and covariance are known"


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_statistics_in_other_files_are_read_as_well(tmp_path, suffix):
    held = {"mu": REAL.mean(0, dtype=np.float64), "sigma": np.cov(REAL.astype(np.float64), rowvar=False)}
    path = tmp_path / f"s.{suffix}"
    if suffix == "pt":
        torch.save({name: torch.from_numpy(x) for name, x in held.items()}, path)
    else:
        save_file(held, path)
    assert genbench.score(features=SHIFTED, reference=path).scores["fd"].value == pytest.approx(fid(REAL, SHIFTED))


def test_statistics_that_were_written_give_the_same_fd_as_what_they_are_of(tmp_path):
    out = tmp_path / "real.npz"
    found, side = written(StatisticsRequest(GREY[0], str(out), extractor="pixels"))
    assert (found.moments.count, side.sha256) == (60, rows_sha256(GREY[0]))
    there = genbench.score(GREY[1], reference=out)  # the file tells the extractor
    here = genbench.score(GREY[1], reference=GREY[0], extractor="pixels", scores="fd")
    assert there.scores["fd"].value == pytest.approx(here.scores["fd"].value, rel=1e-9)
    assert (there.identity.extractor, there.identity.reference_n) == ("pixels/1/no-weights", 60)
    assert there.scores["fd"].reference == f"{found.sha256[:16]}/moments"
    with np.load(out) as file:  # as pytorch-fid reads it
        np.testing.assert_allclose(file["mu"], GREY[0].reshape(60, -1).mean(0) / 255, rtol=1e-6)
        assert file["sigma"].shape == (6, 6)


def test_statistics_of_a_dataset_are_of_its_training_set_unless_test_is_said(tmp_path):
    out = str(tmp_path / "digits.npz")
    found, side = written(StatisticsRequest(dataset="digits", output=out))
    assert (side.name, found.moments.count) == ("digits/train", 599)
    splits = Digits().splits()
    generated = DigitsNet(splits.space, torch.device("cpu")).features(torch.from_numpy(splits.test.x)).numpy()
    against = genbench.score(splits.test.x, dataset="digits", against="train", scores="fd").scores["fd"].value
    assert frechet_distance(found.moments, moments(generated)) == pytest.approx(against, rel=1e-6)
    assert written(StatisticsRequest(dataset="digits", against="test", output=out))[1].name == "digits/test"


def test_statistics_that_were_made_by_another_extractor_are_refused(tmp_path):
    out = tmp_path / "real.npz"
    written(StatisticsRequest(GREY[0], str(out), extractor="pixels"))
    held = dict(np.load(out))
    np.savez(out, **held | {"extractor": np.array("pixels/0/no-weights")})
    assert "was made by pixels/0/no-weights, and the samples would be seen by pixels/1/no-weights" in refusal(
        samples=GREY[1], reference=out
    )


EYE = np.eye(4)
BROKEN = {
    "shapes": ({"mu": np.zeros(4), "sigma": np.eye(3)}, "holds mu [4] and sigma [3, 3], expected [d] and [d, d]"),
    "other features": ({"mu": np.zeros(3), "sigma": np.eye(3)}, "holds the moments of 3 features, and the features"),
    "NaN": ({"mu": np.full(4, np.nan), "sigma": EYE}, "holds mu of float64, expected finite floats"),
    "integers": ({"mu": np.zeros(4, int), "sigma": EYE}, "holds mu of int64, expected finite floats"),
    "a skew sigma": ({"mu": np.zeros(4), "sigma": EYE + np.eye(4, k=1)}, "a sigma that is no covariance"),
    "negative variances": ({"mu": np.zeros(4), "sigma": -EYE}, "a sigma that is no covariance"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_statistics_that_are_none_are_refused_in_one_line(tmp_path, case):
    held, message = BROKEN[case]
    np.savez(tmp_path / "s.npz", **held)
    assert message in refusal(features=SHIFTED, reference=tmp_path / "s.npz")


def test_statistics_in_the_place_of_samples_are_named_for_what_they_are(tmp_path):
    np.savez(tmp_path / "s.npz", mu=np.zeros(4), sigma=EYE)
    assert "holds mu and sigma, statistics of features: they go with --reference" in refusal(
        features=tmp_path / "s.npz", reference=REAL
    )


def test_more_features_than_rows_are_no_statistics(tmp_path):
    with pytest.raises(GenbenchError, match="a covariance of 6 features needs more than 6 rows, got 6"):
        written(StatisticsRequest(GREY[0][:6], str(tmp_path / "s.npz"), extractor="pixels"))
    assert not (tmp_path / "s.npz").exists()


PROTOCOL = {"protocol": "fid-50k-train"}
WRONG = {
    "an unknown protocol": (
        {"samples": GREY[0], "dataset": "digits", "protocol": "fid-50k"},
        "no protocol is named 'fid-50k'; did you mean 'fid-50k-train'?",
    ),
    "a protocol without a dataset": (
        {"samples": GREY[0], "reference": GREY[1], **PROTOCOL},
        "--protocol fid-50k-train goes with --dataset NAME, whose train it means",
    ),
    "a protocol with another extractor": (
        {"samples": GREY[0], "dataset": "digits", "extractor": "pixels", **PROTOCOL},
        "--protocol fid-50k-train means --extractor inception-v3-compat, got pixels; leave one of them out",
    ),
    "a protocol against test": (
        {"samples": GREY[0], "dataset": "digits", "against": "test", **PROTOCOL},
        "--protocol fid-50k-train means --against train, got test",
    ),
    "a protocol of another number, before its dataset and its weights are looked for": (
        {"samples": GREY[0], "dataset": "cifar10", **PROTOCOL},
        f"protocol fid-50k-train is of 50,000 samples, got {len(GREY[0])}; draw as many, or say --against train",
    ),
    "an unknown part": (
        {"samples": GREY[0], "dataset": "digits", "against": "trian"},
        "no part of a dataset is named 'trian'; did you mean 'train'?",
    ),
    "a part of no dataset": (
        {"samples": GREY[0], "reference": GREY[1], "against": "train"},
        "--against goes with --dataset",
    ),
    "memorisation of training data": (
        {"samples": GREY[0], "dataset": "digits", "against": "train", "scores": "fd,memorisation"},
        "the verdict on memorisation asks for a comparison with test: leave out --against train",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_go_together_is_one_line(case):
    options, message = WRONG[case]
    assert message in refusal(**options)


def test_a_protocol_fixes_extractor_part_scores_and_number():
    meant = Request(GREY[0], dataset="cifar10", **PROTOCOL).meant
    assert (meant.extractor, meant.against, meant.names) == ("inception-v3-compat", "train", ("fd",))
    with_more = Request(GREY[0], dataset="cifar10", scores="fd,kid", **PROTOCOL).meant
    assert with_more.names == ("fd", "kid")
