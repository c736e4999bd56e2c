"""The built-in extractors without outside weights: digits-net, pixels, random-net."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import train_digits_net
from prdc import compute_prdc
from safetensors.torch import load_file
from torch import Tensor

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors import digits_net
from genbench.builtin.extractors.digits_net import WEIGHTS, DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.builtin.extractors.random_net import RandomNet
from genbench.contracts.dataset import Examples, Splits
from genbench.errors import Unsuitable
from genbench.records.space import Space

CPU = torch.device("cpu")
WEIGHTS_SHA256 = "ad3fd2fe0feffa65e5e539a2fce21d439229dc72f615b8049b392bc6bca1557b"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return Digits().splits()


@pytest.fixture(scope="module")
def extractor(splits) -> DigitsNet:
    return DigitsNet(splits.space, CPU)


def pixels_of(examples: Examples) -> Tensor:
    return torch.from_numpy(examples.x)


def test_the_shipped_weights_are_the_known_ones_and_part_of_the_identity(extractor):
    assert extractor.weights_sha256 == WEIGHTS_SHA256
    assert extractor.identity == f"digits-net/1/{WEIGHTS_SHA256[:16]}"
    assert WEIGHTS.stat().st_size < 2**20


def test_the_shipped_network_is_right_on_99_percent_of_the_test_split(splits):
    assert train_digits_net.errors(digits_net.trained(), splits.test) <= 0.01 * len(splits.test)


def test_features_are_64_finite_float32_numbers_and_standardised_on_real_digits(splits, extractor):
    features = extractor.features(pixels_of(splits.test))
    assert features.shape == (449, 64)
    assert features.dtype == torch.float32
    assert not features.requires_grad
    # Batch normalisation standardised the distorted training digits; the undistorted test split differs a little.
    assert features.mean(0).abs().max() < 0.5
    assert 0.5 < features.std(0).min() < features.std(0).max() < 1.5


def test_the_covariance_of_a_split_is_well_conditioned(splits, extractor):
    covariance = extractor.features(pixels_of(splits.test)).double().T.cov()
    # float32 features carry 7 digits: a condition number of 1e5 leaves two in the smallest direction.
    assert torch.linalg.cond(covariance) < 1e5


def test_a_sample_has_the_same_features_in_any_company(splits, extractor):
    x = pixels_of(splits.test)
    whole = extractor.features(x)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    smaller = DigitsNet(splits.space, CPU, batch=100)
    # Convolutions of other batch sizes add in another order: a few float32 roundings on numbers of size 1.
    assert torch.allclose(smaller.features(x[order]), whole[order], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "space", [Space((1, 8, 8), 256), Space((1, 9, 8), 17), Space((64,), 17), Space((1, 8, 8), None)]
)
def test_digits_net_refuses_other_spaces_and_names_the_way_out(space):
    with pytest.raises(
        Unsuitable, match=r"digits-net serves 1×8×8, 17 levels, got .*; the extractor pixels serves any"
    ):
        DigitsNet(space, CPU)


def test_digits_net_serves_digits_without_labels_too_and_draws_no_random_numbers(splits, extractor):
    state = torch.get_rng_state()
    unlabelled = DigitsNet(Space((1, 8, 8), 17), CPU)
    assert torch.equal(torch.get_rng_state(), state)
    x = pixels_of(splits.valid)
    assert torch.equal(unlabelled.features(x), extractor.features(x))


def test_training_twice_gives_the_same_weights_and_leaves_the_callers_generator_alone(splits):
    state = torch.get_rng_state()
    first, second = (train_digits_net.train(splits.train, steps=8).state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.keys() == load_file(WEIGHTS).keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_the_script_writes_weights_that_the_network_can_load(tmp_path, splits):
    out = tmp_path / "weights.safetensors"
    train_digits_net.main([str(out), "--steps", "8"])
    written, expected = load_file(out), train_digits_net.train(splits.train, steps=8).state_dict()
    assert all(torch.equal(written[name], expected[name]) for name in expected)
    digits_net.trained(out)


def test_distortions_keep_the_range_and_move_digits_by_less_than_two_pixels(splits):
    x = pixels_of(splits.train).float()
    moved = train_digits_net.distorted(x, torch.Generator().manual_seed(0))
    assert 0 <= moved.min() < moved.max() <= 16
    column = torch.arange(8.0)
    for axis in (2, 3):
        centre = [(image.sum(5 - axis) * column).sum(-1) / image.sum((2, 3)) for image in (x, moved)]
        assert 0.1 < (centre[0] - centre[1]).abs().mean() < (centre[0] - centre[1]).abs().max() < 2


def test_half_of_the_images_get_noise_of_the_stated_deviation():
    x = torch.full((4000, 1, 8, 8), 8.0)  # two deviations of the strongest noise from either end
    noised, sigma = train_digits_net.noisy(x, torch.Generator().manual_seed(0))
    assert (sigma > 0).float().mean() == pytest.approx(0.5, abs=0.04)  # 5 standard errors of a share of 4,000
    assert 3.9 < sigma.max() <= 4
    weak = sigma < 2
    found = (noised - x).flatten(1).std(1)
    assert ((found / sigma)[weak & (sigma > 0)]).mean() == pytest.approx(1, abs=0.01)
    assert (found[sigma == 0] == 0).all()


@dataclass(frozen=True)
class Scores:
    """Against the test split; `to_train` is the squared Fréchet distance to the training split."""

    fd: float
    to_train: float
    precision: float
    recall: float
    density: float
    coverage: float
    copies: float  # share nearer to a training digit than 99 % of the test split


def frechet(a: Tensor, b: Tensor) -> float:
    a, b = a.double(), b.double()
    cov_a, cov_b = a.T.cov(), b.T.cov()
    cross = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)


def scores(extractor: DigitsNet, splits: Splits, x: Tensor) -> Scores:
    train, test, generated = (
        extractor.features(rows.to(torch.uint8)) for rows in (pixels_of(splits.train), pixels_of(splits.test), x)
    )
    three, five = (compute_prdc(test.numpy(), generated.numpy(), nearest_k=k) for k in (3, 5))
    near = torch.cdist(test, train).amin(1).quantile(0.01)
    copies = float((torch.cdist(generated, train).amin(1) <= near).float().mean())
    return Scores(
        fd=frechet(generated, test),
        to_train=frechet(generated, train),
        precision=three["precision"],
        recall=three["recall"],
        density=five["density"],
        coverage=five["coverage"],
        copies=copies,
    )


@pytest.fixture(scope="module")
def table(splits, extractor) -> dict[str, Scores]:
    """The generators of the specification's table, 449 samples each."""
    generator = torch.Generator().manual_seed(0)
    train, fresh = pixels_of(splits.train).float()[:449], pixels_of(splits.held).float()
    real, labels = torch.cat([fresh, train]), np.concatenate([splits.held.y, splits.train.y[:449]])

    def noised(x: Tensor, sigma: float) -> Tensor:
        return (x + 16 * sigma * torch.randn(x.shape, generator=generator)).round().clamp(0, 16)

    samples = {
        "fresh": fresh,
        "copycat": train,
        "copycat + noise": noised(train, 1 / 16),
        "half the classes": real[torch.from_numpy(labels < 5)][:449],
        "fresh + noise": noised(fresh, 3 / 16),
        "mean image": train.mean(0, keepdim=True).round().expand_as(train),
        "uniform noise": torch.randint(0, 17, fresh.shape, generator=generator).float(),
    }
    return {name: scores(extractor, splits, x) for name, x in samples.items()}


def test_fresh_real_digits_reach_the_ceiling_of_every_score(table):
    fresh = table["fresh"]
    assert min(fresh.precision, fresh.recall) > 0.8
    assert 0.9 < fresh.density < 1.1
    assert fresh.coverage > 0.9
    assert fresh.fd < 2 * table["copycat"].fd
    assert fresh.copies < 0.03


def test_a_copycat_is_as_good_as_fresh_digits_until_one_looks_at_the_training_split(table):
    copycat, fresh = table["copycat"], table["fresh"]
    assert copycat.to_train < fresh.to_train / 2  # 449 of its 599 rows
    assert copycat.fd < 2 * fresh.fd
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(copycat, name) == pytest.approx(getattr(fresh, name), abs=0.1)
    assert copycat.copies == 1


def test_a_copycat_with_a_little_noise_is_a_little_worse_and_still_a_copycat(table):
    noisy, copycat = table["copycat + noise"], table["copycat"]
    assert noisy.fd > 1.5 * copycat.fd
    assert noisy.to_train < noisy.fd
    assert noisy.precision < copycat.precision
    assert noisy.density < copycat.density - 0.1
    assert 0.7 < noisy.coverage < copycat.coverage
    assert noisy.copies > 0.2


def test_half_the_classes_keep_precision_and_lose_half_of_the_coverage(table):
    half, fresh = table["half the classes"], table["fresh"]
    assert half.precision == pytest.approx(fresh.precision, abs=0.1)
    assert half.density == pytest.approx(fresh.density, abs=0.15)
    assert 0.25 < half.recall < 0.55
    assert 0.4 < half.coverage < 0.6
    assert half.fd > 10 * fresh.fd


def test_noise_on_fresh_digits_costs_precision_more_than_recall(table):
    noisy, fresh = table["fresh + noise"], table["fresh"]
    assert noisy.precision < 0.35
    assert noisy.recall > noisy.precision + 0.3
    assert noisy.density < 0.25
    assert noisy.coverage < 0.5
    assert noisy.fd > 5 * fresh.fd
    assert noisy.copies == 0


def test_the_mean_image_has_neither_recall_nor_coverage(table):
    mean = table["mean image"]
    assert mean.recall == 0
    assert mean.coverage < 0.05
    assert mean.fd > 2 * table["half the classes"].fd


def test_uniform_noise_scores_nothing(table):
    uniform = table["uniform noise"]
    assert (uniform.precision, uniform.density, uniform.coverage) == (0, 0, 0)
    assert uniform.recall < 0.01  # its balls are wide: a rare digit may lie in one
    assert uniform.fd > 1.5 * table["half the classes"].fd


def test_the_worse_the_generator_the_larger_its_distance(table):
    order = ("fresh", "copycat + noise", "fresh + noise", "half the classes")
    distances = [table[name].fd for name in order]
    assert distances == sorted(distances)


def test_pixels_are_the_flattened_samples_in_the_unit_interval(splits):
    features = Pixels(splits.space, CPU).features(pixels_of(splits.test))
    assert features.dtype == torch.float32
    expected = splits.test.x.reshape(449, 64) / 16
    np.testing.assert_array_equal(features.numpy(), expected.astype(np.float32))  # sixteenths are exact


def test_pixels_leave_real_numbers_as_they_are():
    x = torch.tensor([[-3.5, 0.0], [2.25, 1e6]])
    assert torch.equal(Pixels(Space((2,), levels=None), CPU).features(x), x)


def test_pixels_serve_a_space_of_one_level_and_sequences():
    zeros = torch.zeros(2, 5, dtype=torch.uint8)
    assert torch.equal(Pixels(Space((5,), levels=1), CPU).features(zeros), torch.zeros(2, 5))
    tokens = torch.tensor([[0, 500, 1000]], dtype=torch.int32)
    assert Pixels(Space((3,), levels=1001), CPU).features(tokens).tolist() == [[0, 0.5, 1]]


def test_pixels_have_no_weights_in_their_identity():
    assert Pixels(Space((5,)), CPU).identity == "pixels/1/no-weights"


GREY = Space((1, 28, 28), 256, 10)


def test_random_convolutions_are_the_same_everywhere_and_neither_die_out_nor_swell():
    x = torch.randint(0, 256, (300, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    net = RandomNet(GREY, CPU)
    found = net.features(x)
    assert net.identity == "random-net/1/d51aa3e336e45d46"
    assert (found.shape, found.dtype) == ((300, 256), torch.float32)
    assert 0.02 < found.std(0).mean() < found.mean() < 2
    assert torch.allclose(found[280:], net.features(x[280:]), atol=1e-6)  # no row depends on its batch


def test_random_convolutions_tell_images_apart_that_have_the_same_pixels_in_another_order():
    x = torch.arange(256, dtype=torch.uint8).repeat(4)[: 28 * 28].view(1, 1, 28, 28)
    order = torch.randperm(28 * 28, generator=torch.Generator().manual_seed(0))
    net = RandomNet(GREY, CPU)
    assert (net.features(x) - net.features(x.flatten()[order].view(x.shape))).norm() > 1


@pytest.mark.parametrize("space", [Space((3,), None, None), Space((12,), 5, 2)])
def test_random_convolutions_are_for_images(space):
    with pytest.raises(Unsuitable, match="serves images"):
        RandomNet(space, CPU)
