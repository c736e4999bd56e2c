"""Capabilities are types: what is of which."""

from genbench.contracts.model import CAPABILITIES, Decoder, Density, Encoder, Latent, Learner, Model


class Both(Encoder, Decoder):
    """Each by itself."""


class Half(Encoder):
    """One of the two."""


class Whole(Latent):
    """Both at once."""


class Further(Whole):
    """A kind of its own."""


def test_whoever_encodes_and_decodes_is_latent_however_it_says_so():
    assert issubclass(Both, Latent)
    assert issubclass(Whole, Latent)
    assert not issubclass(Half, Latent)
    assert not issubclass(Both, Whole)
    assert issubclass(Further, Whole)


def test_a_learner_need_not_draw_samples_and_a_model_does():
    assert "sample" not in Learner.__abstractmethods__
    assert Model.__abstractmethods__ == {"fit", "sample"}


def test_the_names_of_capabilities_are_read_from_types():
    def of(cls):
        return [name for name, kind in CAPABILITIES.items() if issubclass(cls, kind)]

    assert of(Whole) == of(Both) == ["encoder", "decoder"]
    assert of(Latent) == ["encoder", "decoder"]
    assert of(Density) == ["density"]
