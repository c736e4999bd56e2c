"""The extractor: the same features in any batch, which know what is shown and not where."""

import torch

import genbench
from genbench.templates.parts.extractor import NewPlugin

SPACE = genbench.Space((1, 8, 8), levels=17)
X = torch.randint(17, (6, *SPACE.shape), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def test_a_sample_has_the_same_features_by_itself_and_beside_others() -> None:
    own = NewPlugin(SPACE, torch.device("cpu"))
    alone = torch.cat([own.features(row[None]) for row in X])
    assert alone.shape == (6, own.dim)
    torch.testing.assert_close(own.features(X), alone)


def test_what_moves_inside_of_the_image_keeps_its_features() -> None:
    x = torch.zeros(2, *SPACE.shape, dtype=torch.uint8)
    x[0, 0, 3, 3] = x[1, 0, 4, 4] = 16
    one, other = NewPlugin(SPACE, torch.device("cpu")).features(x)
    torch.testing.assert_close(one, other)
