"""What can be wrong about a model class is found when it is listed: each slip by its words, and no honest class."""

import functools
import importlib
import inspect
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import genbench
from genbench.catalogue.model_class import doubts, model_listing
from genbench.contracts.assets import Asset
from genbench.contracts.model import (
    CAPABILITIES,
    ConditionalDenoiser,
    ConditionalDensity,
    Decoder,
    Denoiser,
    Encoder,
    Interpolator,
    Learner,
)
from genbench.contracts.settings import Setting
from genbench.errors import GenbenchError
from genbench.records.kinds import ControlKind, Family, Likelihood

DENSITY = (genbench.Model, genbench.Density)
SHA256 = "0" * 64


def _init(self: Any, space: genbench.Space, *, width: int = 3, kind: str = "a") -> None: ...


def _fit(self: Any, data: genbench.TrainingData) -> None: ...


def _sample(self: Any, n: int, *, labels: Tensor | None = None) -> Tensor: ...


def _log_prob(self: Any, x: Tensor) -> Tensor: ...


def model(*bases: type, without: str = "", **members: object) -> type[Learner]:
    """A model class with other bases or members than those of a sound one."""
    own: dict[str, object] = {
        "name": "sound",
        "family": Family.BASELINE,
        "source": "nobody 2026",
        "__init__": _init,
        "fit": _fit,
        "sample": _sample,
    }
    if genbench.Density in bases:
        own |= {"likelihood": property(lambda self: Likelihood.EXACT), "log_prob": _log_prob}
    return type("Sound", bases or (genbench.Model,), {k: v for k, v in (own | members).items() if k != without})


def settings_sample(self: Any, n: int, *, labels: Tensor | None = None, steps: int = 3) -> Tensor: ...


SLIPS: Mapping[str, tuple[type, str]] = {
    "sample takes no labels": (
        model(sample=lambda self, n: None),
        "sample(self, n): got an unexpected keyword argument 'labels'; write sample(self, n, *, labels=None)",
    ),
    "sample takes no n": (
        model(sample=lambda self, *, labels=None: None),
        "sample(self, *, labels=None): too many positional arguments; write sample(self, n, *, labels=None)",
    ),
    "sample takes n by name alone": (
        model(sample=lambda self, *, n, labels=None: None),
        "sample(self, *, n, labels=None): too many positional arguments",
    ),
    "sample under no_grad takes no labels": (
        model(sample=torch.no_grad()(lambda self, n: None)),
        "sample(self, n): got an unexpected keyword argument 'labels'",
    ),
    "sample is no method": (model(sample=3), "sample is 3, expected a method sample(self, n, *, labels=None)"),
    "sample is a property": (model(sample=property(_sample)), "sample is a property, expected a method"),
    "sample yields": (model(sample=lambda self, n, *, labels=None: (yield)), "sample is a generator, so that a call"),
    "fit takes three": (
        model(fit=lambda self, x, y: None),
        "fit(self, x, y): missing a required argument: 'y'; write fit(self, data)",
    ),
    "fit forgot self": (
        model(fit=lambda data: None),
        "too many positional arguments; write fit(self, data)",
    ),
    "fit is None": (model(fit=None), "fit is None, expected a method fit(self, data)"),
    "no fit": (model(without="fit"), "does not implement fit of Learner"),
    "no sample": (model(without="sample"), "does not implement sample of Model"),
    "no constructor": (model(without="__init__"), "settings are named one by one, not with *args"),
    "settings by position": (
        model(__init__=lambda self, space, width=3: None),
        "the constructor is __init__(self, space, *, settings…)",
    ),
    "no source": (model(without="source"), "does not set source"),
    "source is a number": (model(source=2026), "source is 2026, expected a text"),
    "no family": (model(without="family"), "does not set family"),
    "family is a text": (model(family="vae"), "family is 'vae', expected genbench.Family.X with X of GAN, VAE, FLOW"),
    "name in capitals": (model(name="VAE"), "Sound's name is 'VAE'; names are [a-z0-9]"),
    "name with a line break": (model(name="vae\n"), r"Sound's name is 'vae\n'; names are"),
    "control is a text": (model(control="floor"), "control is 'floor', expected genbench.ControlKind.X"),
    "no presets": (model(samplers={}), "samplers is {}, expected presets by their names"),
    "presets in a list": (model(samplers=["fast"]), "samplers is ['fast'], expected presets by their names"),
    "a preset is a number": (model(samplers={"fast": 25}), "sampler fast is 25, expected settings of sample"),
    "a preset's name": (model(samplers={"ddim/25": {}}), "Sound's sampler's name is 'ddim/25'"),
    "a preset sets what sample does not take": (
        model(samplers={"fast": {"steps": 3}}),
        "sampler fast sets steps, which sample(self, n, *, labels=None) does not take",
    ),
    "a preset lacks what sample needs": (
        model(sample=lambda self, n, *, labels=None, steps: None),
        "sampler default does not set steps, which sample(self, n, *, labels=None, steps) needs; set it in the preset",
    ),
    "a preset sets labels": (model(samplers={"a": {"labels": None}}), "sampler a sets labels, which the harness gives"),
    "a preset sets n": (model(samplers={"a": {"n": 3}}), "sampler a sets n, which sample(self, n, *, labels=None)"),
    "a preset holds a function": (
        model(sample=settings_sample, samplers={"a": {"steps": len}}),
        "sampler a sets steps to <built-in function len>, expected a number, a text",
    ),
    "a preset holds a tensor": (
        model(sample=settings_sample, samplers={"a": {"steps": torch.ones(1)}}),
        "sampler a sets steps to tensor([1.]), expected a number, a text",
    ),
    "a preset holds no number": (
        model(sample=settings_sample, samplers={"a": {"steps": float("nan")}}),
        "sampler a sets steps to nan, expected a number",
    ),
    "assets in a list": (model(assets=[Asset("/w", SHA256, "x")]), "assets is [Asset("),
    "an asset is a path": (
        model(assets={"w": Path("/w")}),
        "assets is {'w': PosixPath('/w')}, expected each genbench.",
    ),
    "needs is a text": (
        model(needs="network"),
        "needs is 'network', expected a tuple of network, files, shared-memory, such as (",
    ),
    "needs something else": (model(needs=("gpu",)), "needs is ('gpu',), expected a tuple of network, files"),
    "a density without its number": (model(*DENSITY, without="log_prob"), "does not implement log_prob of Density"),
    "a density without its kind": (model(*DENSITY, without="likelihood"), "does not implement likelihood of Density"),
    "likelihood is a method": (
        model(*DENSITY, likelihood=lambda self: Likelihood.EXACT),
        "likelihood is a method, expected a property; write @property above it",
    ),
    "likelihood is a text": (model(*DENSITY, likelihood="exact"), "likelihood is 'exact', expected a Likelihood"),
    "log_prob is None": (model(*DENSITY, log_prob=None), "log_prob is None, expected a method log_prob(self, x)"),
    "log_prob needs labels": (
        model(*DENSITY, log_prob=lambda self, x, labels: None),
        "log_prob(self, x, labels): missing a required argument: 'labels'; write log_prob(self, x)",
    ),
    "a described sampler that is none": (
        model(*DENSITY, described_sampler="slow"),
        "described_sampler is 'slow', which is none of its samplers (default)",
    ),
    "audit settings that are none": (
        model(*DENSITY, audit_settings={"wide": 3}),
        "audit_settings sets 'wide', which is no setting (known: width, kind)",
    ),
    "audit settings of another type": (
        model(*DENSITY, audit_settings={"width": "3"}),
        "audit_settings: width takes an integer, got '3'",
    ),
    "audit settings in a list": (model(*DENSITY, audit_settings=["width"]), "audit_settings is ['width'], expected"),
    "a decoder in the old form": (
        model(genbench.Model, Decoder, latent_dim=3, decode=_log_prob),
        "does not implement render of Decoder",
    ),
    "render takes nothing": (
        model(genbench.Model, Decoder, latent_dim=3, render=lambda self: None),
        "render(self): too many positional arguments; write render(self, z)",
    ),
    "latent_dim is a text": (
        model(genbench.Model, Decoder, latent_dim="3", render=_log_prob),
        "latent_dim is '3', expected a int",
    ),
    "encode is missing": (model(genbench.Model, Encoder), "does not implement encode of Encoder"),
    "denoise without its noise level": (
        model(genbench.Model, Denoiser, sigmas=property(lambda self: None), denoise=_log_prob),
        "denoise(self, x): too many positional arguments; write denoise(self, x, sigma)",
    ),
    "a conditional density that takes no labels": (
        model(genbench.Model, ConditionalDensity, likelihood=Likelihood.EXACT, log_prob=_log_prob),
        "log_prob(self, x): got an unexpected keyword argument 'labels'; write log_prob(self, x, *, labels=None)",
    ),
    "a conditional denoiser that takes no labels": (
        model(
            genbench.Model,
            ConditionalDenoiser,
            sigmas=property(lambda self: None),
            denoise=lambda self, x, sigma: None,
        ),
        "got an unexpected keyword argument 'labels'; write denoise(self, x, sigma, *, labels=None)",
    ),
    "between without its number": (
        model(genbench.Model, Interpolator, between=lambda self, a, b: None),
        "between(self, a, b): too many positional arguments; write between(self, a, b, n)",
    ),
    "a class of another kind": (nn.Linear, "expected a class derived from genbench.Model"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_and_told_with_what_was_expected(slip):
    cls, words = SLIPS[slip]
    with pytest.raises(GenbenchError) as caught:
        model_listing(cls)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_instance_in_the_place_of_its_class_is_told():
    with pytest.raises(
        GenbenchError, match=r"^expected a class derived from genbench\.Model, got an instance; return "
    ):
        model_listing(Bare.__new__(Bare))


class Bare(genbench.Model):
    """A sound one,
    in two lines.

    More of it.
    """

    name, family, source = "bare", Family.GAN, "nobody 2026"
    __init__ = _init
    fit, sample = _fit, _sample


def unlabelled(sample: Callable[[Any, int], Tensor]) -> Callable[..., Tensor]:
    """A decorator that takes the labels away; `functools.wraps` shows the signature below it."""

    @functools.wraps(sample)
    def wrapper(self: Any, n: int, *, labels: Tensor | None = None) -> Tensor:
        return sample(self, n)

    return wrapper


def passing(sample: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A decorator that passes on what it gets."""

    @functools.wraps(sample)
    def wrapper(*arguments: Any, **keywords: Any) -> Tensor:
        return sample(*arguments, **keywords)

    return wrapper


class Drawn:
    """A callable that is no function."""

    def __call__(self, n: int, *, labels: Tensor | None = None) -> Tensor: ...


HONEST: Mapping[str, type] = {
    "bare": Bare,
    "labels by position": model(sample=lambda self, n, labels=None: None),
    "another word for n": model(sample=lambda self, count, *, labels=None: None),
    "n is a setting": model(sample=lambda self, count, *, labels=None, n=1: None, samplers={"a": {"n": 3}}),
    "keywords": model(sample=lambda self, n, **sampler: None, samplers={"fast": {"steps": 25, "eta": 0.0}}),
    "a setting that each preset sets": model(
        sample=lambda self, n, *, labels=None, steps: None, samplers={"a": {"steps": 1}, "b": {"steps": 2}}
    ),
    "everything": model(sample=lambda *arguments, **sampler: None, samplers={"fast": {"steps": 25}}),
    "static": model(sample=staticmethod(lambda n, *, labels=None: None)),
    "of the class": model(sample=classmethod(_sample)),
    "partial": model(sample=functools.partialmethod(settings_sample, steps=3)),
    "callable": model(sample=Drawn()),
    "no_grad": model(sample=torch.no_grad()(settings_sample), samplers={"fast": {"steps": 25}}),
    "decorated": model(sample=unlabelled(lambda self, n: None)),
    "passed on": model(sample=passing(lambda self, n: None)),
    "nested values": model(
        sample=settings_sample, samplers={"a": {"steps": [1, (2.0, None)]}, "b": {"steps": {"a": 1}}}
    ),
    "fit with more": model(fit=lambda self, data, *, epochs=3: None),
    "a density of a constant kind": model(*DENSITY, likelihood=Likelihood.ESTIMATE, audit_settings={"width": 1}),
    "a density with labels": model(*DENSITY, log_prob=lambda self, x, labels=None: None),
    "a density of its second sampler": model(
        *DENSITY, sample=settings_sample, samplers={"a": {"steps": 1}, "b": {}}, described_sampler="b"
    ),
    "a learner": model(Learner, without="sample"),
    "a log_prob that is no Density's": model(log_prob=_log_prob),
    "assets": model(assets={"w": Asset("/w", SHA256, "ImageNet")}, needs=["files", "network"]),
    "a control": model(family=Family.CONTROL, control=ControlKind.FLOOR),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_class_is_listed_without_a_doubt(name):
    assert model_listing(HONEST[name]).name in ("sound", "bare")
    assert doubts(HONEST[name]) == []


def test_a_listing_says_what_the_class_says():
    cls = HONEST["a density of its second sampler"]
    found = model_listing(cls)
    assert found.settings == (Setting("width", "int", 3), Setting("kind", "str", "a"))
    assert (found.samplers, found.described_sampler) == (("a", "b"), "b")
    assert found.capabilities == ("generate", "density")
    assert model_listing(HONEST["a density with labels"]).described_sampler == "default"
    assert model_listing(HONEST["assets"]).assets == (Asset("/w", SHA256, "ImageNet"),)
    assert model_listing(HONEST["assets"]).needs == ("files", "network")
    assert model_listing(HONEST["a control"]).control is ControlKind.FLOOR


def test_a_learner_that_draws_no_samples_has_no_samplers():
    found = model_listing(HONEST["a learner"])
    assert (found.samplers, found.capabilities) == ((), ())


def test_the_description_is_the_first_paragraph_of_the_classs_own_words():
    assert model_listing(Bare).description == "A sound one, in two lines."
    assert model_listing(type("Wordless", (Bare,), {})).description == ""


def test_every_capability_that_a_class_derives_from_is_listed_by_its_name():
    members = {
        "likelihood": Likelihood.EXACT,
        "log_prob": lambda self, x, *, labels=None: None,
        "latent_dim": 3,
        "render": lambda self, z: None,
        "encode": _log_prob,
        "sigmas": property(lambda self: None),
        "denoise": lambda self, x, sigma, *, labels=None: None,
        "posterior": _log_prob,
        "translate": lambda self, x, domain: None,
        "between": lambda self, a, b, n: None,
        "next": lambda self, x, i: None,
        "restore": lambda self, y, operator, draws: None,
    }
    narrowest_first = sorted(CAPABILITIES.values(), key=lambda capability: -len(capability.__mro__))
    found = model_listing(model(*narrowest_first, **members))
    assert found.capabilities == tuple(CAPABILITIES)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"likelihood": Likelihood.EXACT, "log_prob": _log_prob},
            "defines likelihood and log_prob; derive from genbench.D",
        ),
        ({"latent_dim": 3, "render": _log_prob}, "defines latent_dim and render; derive from genbench.Decoder"),
        ({"sigmas": 3, "denoise": _log_prob}, "defines denoise and sigmas; derive from genbench.Denoiser"),
    ],
)
def test_a_capability_that_is_written_and_not_derived_from_is_a_doubt_and_no_fault(members, words):
    cls = model(**members)
    assert model_listing(cls).capabilities == ("generate",)
    (found,) = doubts(cls)
    assert found.startswith(words)


def test_the_first_party_plugins_are_honest():
    projects = sorted((Path(genbench.__file__).parents[1] / "plugins").glob("*/pyproject.toml"))
    told = [tomllib.loads(path.read_text(encoding="utf-8"))["project"].get("entry-points", {}) for path in projects]
    models = [pair for groups in told for pair in groups.get("genbench.models", {}).items()]
    assert models
    for name, module in models:
        for cls in importlib.import_module(module).genbench_models():
            assert model_listing(cls).name == name
            assert doubts(cls) == []
            assert not inspect.isabstract(cls)
