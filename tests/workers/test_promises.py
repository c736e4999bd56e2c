"""What capabilities promise: a model that keeps its word is told so, and each way to break it is found."""

import math

import pytest
import torch
from torch import nn

import genbench
from genbench.errors import InvalidEvidence
from genbench.records.checks import CheckStatus
from genbench.workers.untrusted import abilities, promises
from genbench.workers.untrusted.promises import Asked, Broken

SPACE = genbench.Space((1, 2, 3), levels=4, classes=2)
X = torch.randint(4, (6, 1, 2, 3), generator=torch.Generator().manual_seed(0))
CAPABILITIES = (
    *(genbench.Model, genbench.Conditional, genbench.ConditionalDensity, genbench.Sequential),
    *(genbench.Latent, genbench.ConditionalDenoiser, genbench.Classifier, genbench.Interpolator),
    *(genbench.Restorer, genbench.Translator, genbench.Guided),
)


class Able(*CAPABILITIES):
    """Has every capability, of a law that is uniform; what it does wrong is told to it."""

    name, family, source = "able", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT
    latent_dim = 6

    def __init__(self, *faults):
        super().__init__()
        self.faults = faults
        self.register_buffer("calls", torch.zeros(()))

    @property
    def sigmas(self):
        return torch.tensor([2.0, 0.1] if "descends" in self.faults else [0.1, 2.0])

    def fit(self, data): ...

    def sample(self, n, *, labels=None):
        self.calls += "counts" in self.faults
        if "fixed" in self.faults:
            torch.manual_seed(0)
        x = torch.randint(4, (n, *SPACE.shape)) + 4 * ("high" in self.faults)
        if "drifts" in self.faults:
            self.drift = getattr(self, "drift", -1) + 1
            x = (x + self.drift) % 4
        if labels is not None and "deaf" not in self.faults:
            x[:, 0, 0, 0] = labels
        return x

    @property
    def class_prior(self):
        return torch.tensor([0.25, 0.25]) if "half" in self.faults else torch.tensor([0.25, 0.75])

    def log_prob(self, x, *, labels=None):
        if labels is not None:
            return torch.full((len(x),), -6 * math.log(4) - 9 * ("unmixed" in self.faults), dtype=torch.float64)
        if "raises" in self.faults:
            raise RuntimeError("no density today")
        beside = len(x) * ("beside" in self.faults)
        return torch.full((len(x),), -6 * math.log(4) - beside - ("other" in self.faults), dtype=torch.float64)

    def next(self, x, i):
        seen = x.flatten(1)[:, i:].sum(1, keepdim=True) * torch.arange(4.0)
        return torch.zeros(len(x), 4) + seen * ("peeks" in self.faults)

    def encode(self, x):
        return x.flatten(1).double() if "double" in self.faults else x.flatten(1).float()

    def render(self, z):
        z = z.detach() if "cut" in self.faults else z
        z = z + torch.rand(()) if "noisy" in self.faults else z
        return z.view(-1, *SPACE.shape) if "wild" in self.faults else z.clamp(0, 3).view(-1, *SPACE.shape)

    def posterior(self, x):
        weights = torch.zeros(len(x), 3 if "wide" in self.faults else 2)
        return weights + torch.nan if "blank" in self.faults else weights

    def denoise(self, x, sigma, *, labels=None):
        if labels is not None and "mute" in self.faults:
            return x[:1]
        return -x / sigma.view(-1, 1, 1, 1) if "reversed" in self.faults else x / (1 + sigma.view(-1, 1, 1, 1).square())

    def between(self, a, b, n):
        return torch.stack([a] * (n - ("short" in self.faults)), 1)

    def translate(self, x, domain):
        return x + 4 if "abroad" in self.faults else x[: len(x) - ("lost" in self.faults)]

    def illustrate(self, captions, *, guidance=1.0):
        if "seeded" in self.faults:
            torch.seed()
        x = torch.randint(4, (len(captions) - ("silent" in self.faults), *SPACE.shape))
        return x + 4 * ("loud" in self.faults and guidance > 1)

    def restore(self, y, operator, draws):
        x = torch.randint(4, (len(y), draws - ("few" in self.faults), *SPACE.shape))
        return x.float() if "real" in self.faults else x + 4 * ("above" in self.faults)


def test_who_keeps_every_promise_is_told_so():
    found = list(abilities.kept(Asked(Able(), SPACE, X)))
    assert [finding.check for finding in found] == [promise.check for promise in abilities.PROMISES]
    assert {finding.status for finding in found} == {CheckStatus.OK}


@pytest.mark.parametrize(
    ("fault", "check", "got"),
    [
        ("high", "samples", "values from"),
        ("fixed", "seeds", "does sample() seed a generator?"),
        ("drifts", "seeds", "other ones in"),
        ("counts", "state", "another calls"),
        ("deaf", "labels", "the same ones"),
        ("raises", "density", "RuntimeError: no density today"),
        ("beside", "density", "by itself and"),
        ("half", "conditional-density", "0.25"),
        ("unmixed", "conditional-density", "from class_prior and the 2 classes"),
        ("mute", "conditional-denoiser", "(1, 1, 2, 3)"),
        ("wide", "classifier", "(6, 3)"),
        ("blank", "classifier", "NaN or infinite"),
        ("other", "sequential", "from log_prob and"),
        ("peeks", "sequential", "another law for other later entries"),
        ("double", "encoder", "float64"),
        ("cut", "decoder", "none"),
        ("noisy", "decoder", "other samples for the same z"),
        ("wild", "decoder", "values from"),
        ("descends", "denoiser", "tensor([2.0"),
        ("reversed", "denoiser", "at the lowest sigma"),
        ("short", "interpolator", "(6, 4, 1, 2, 3)"),
        ("few", "restorer", "(6, 2, 1, 2, 3)"),
        ("abroad", "translator", "values from"),
        ("lost", "translator", "(5, 1, 2, 3)"),
        ("silent", "captioned", "(2, 1, 2, 3)"),
        ("seeded", "captioned", "does illustrate() seed a generator?"),
        ("loud", "guided", "values from"),
    ],
)
def test_each_way_to_break_a_promise_is_found_where_it_is_made(fault, check, got):
    found = {finding.check: finding for finding in abilities.kept(Asked(Able(fault), SPACE, X))}[check]
    assert found.status is CheckStatus.FAILED
    assert got in found.got
    assert found.where.startswith(f"{__file__}:")


def test_an_error_is_told_with_the_line_that_raised_it():
    (found,) = [f for f in abilities.kept(Asked(Able("raises"), SPACE, X)) if f.check == "density"]
    line = int(found.where.rpartition(":")[2])
    with open(__file__, encoding="utf-8") as file:
        assert 'raise RuntimeError("no density today")' in file.readlines()[line - 1]


def test_a_density_that_is_no_probability_is_invalid_evidence():
    class Positive(Able):
        def log_prob(self, x):
            return torch.ones(len(x))

    with pytest.raises(InvalidEvidence, match="a probability above 1"):
        promises.density(Asked(Positive(), SPACE, X))


@pytest.mark.parametrize(("fault", "words"), [("real", "float32"), ("above", "values from")])
def test_restorations_that_are_no_samples_are_invalid_evidence(fault, words):
    with pytest.raises(InvalidEvidence, match=words):
        promises.restorer(Asked(Able(fault), SPACE, X))


def test_whom_an_operator_does_not_suit_has_kept_its_promise():
    class Choosy(Able):
        def restore(self, y, operator, draws):
            raise genbench.Unsuitable("needs a box")

    assert promises.restorer(Asked(Choosy(), SPACE, X)) == "the second half is not restored: needs a box"


def test_a_broken_promise_says_what_was_expected_and_what_was_got():
    with pytest.raises(Broken, match=r"expected the same nats for a row in any batch.*got .* by itself and"):
        promises.density(Asked(Able("beside"), SPACE, X))


def test_what_a_model_cannot_do_is_not_asked():
    class Plain(genbench.Model):
        name, family, source = "plain", genbench.Family.BASELINE, "made for the tests"
        fit = Able.fit

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def sample(self, n, *, labels=None):
            return torch.randint(4, (n, *SPACE.shape))

    assert [f.check for f in abilities.kept(Asked(Plain(), SPACE, X))] == ["samples", "seeds", "state"]
