import numpy as np
import pytest
import torch
from genbench_class_gaussians import ClassGaussians

import genbench


def classes(rows: int = 600) -> genbench.TrainingData:
    """Three classes of points in the plane, each with a mean and a covariance of its own."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [rows // 2, rows // 3, rows // 6])
    scale = np.array([[[10, 0], [6, 4]], [[3, 0], [0, 3]], [[8, 0], [-8, 2]]])
    x = np.array([[50, 50], [120, 60], [200, 180]])[y] + (scale[y] @ rng.normal(size=(rows, 2, 1)))[:, :, 0]
    split = genbench.Split(genbench.Examples(x.round().clip(0, 255).astype(np.uint8), y.astype(np.int64)))
    return genbench.TrainingData(genbench.Space((2,), classes=3), split, split, 1)


def fitted(**settings: float) -> tuple[ClassGaussians, np.ndarray, np.ndarray]:
    data = classes()
    model = ClassGaussians(data.space, **settings)
    model.fit(data)
    return model, data.train.x[:].double().numpy(), data.train.y[:].numpy()


def test_each_class_has_its_mean_and_covariance():
    model, x, y = fitted(shrinkage=0.0, jitter=1e-9)
    for label in range(3):
        np.testing.assert_allclose(model.mu[label], x[y == label].mean(0), rtol=1e-6)
        cov = model.scale_tril[label] @ model.scale_tril[label].T
        np.testing.assert_allclose(cov, np.cov(x[y == label].T, bias=True), atol=1e-3)


def test_all_share_one_covariance_under_full_shrinkage():
    model, x, y = fitted(shrinkage=1.0, jitter=1e-9)
    within = x - np.array([x[y == label].mean(0) for label in range(3)])[y]
    for scale in model.scale_tril:
        np.testing.assert_allclose(scale @ scale.T, np.cov(within.T, bias=True), atol=1e-3)


def test_samples_obey_labels_and_come_in_the_training_shares_without():
    model, _, _ = fitted()
    torch.manual_seed(0)
    labels = torch.tensor([2, 0] * 2000)
    x = model.sample(4000, labels=labels).double()
    for label in (0, 2):
        # The standard error of a mean of 2,000 with a deviation of at most 12 is 0.27.
        assert (x[labels == label].mean(0) - model.mu[label]).abs().max() < 4 * 0.27
    free = model.sample(6000)
    assert ((free[:, 1] > 120).double().mean() - 1 / 6).abs() < 0.02  # the third class lies apart; 4 errors of 0.005


def test_a_reloaded_model_samples_the_same_integers(reloaded):
    model, _, _ = fitted()
    twin = reloaded(model)
    torch.manual_seed(1)
    samples = model.sample(9)
    torch.manual_seed(1)
    assert torch.equal(twin.sample(9), samples)
    assert samples.dtype == torch.int64


def test_a_space_without_classes_or_with_too_many_entries_is_declined():
    with pytest.raises(genbench.Unsuitable, match="needs classes"):
        ClassGaussians(genbench.Space((2,)))
    with pytest.raises(genbench.Unsuitable, match="10 covariances over 12288 entries"):
        ClassGaussians(genbench.Space((3, 64, 64), classes=10))
