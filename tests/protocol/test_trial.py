"""Trials: how a model with settings and a seed is named, on the board and on disk."""

import re

import pytest

from genbench.catalogue import Catalogue, Entry
from genbench.catalogue.listings import ModelListing
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.contracts.settings import Setting
from genbench.errors import GenbenchError
from genbench.protocol.trial import Trial, chosen
from genbench.records.kinds import Family

PLUGIN = Plugin("vae", MODELS, "genbench_vae", "", "genbench-vae", "1", "0" * 64)
SETTINGS = (Setting("hidden", "int", 64), Setting("rate", "float", 0.5))


def entry(samplers: tuple[str, ...] = ("default",), capabilities: tuple[str, ...] = ()) -> Entry[ModelListing]:
    return Entry(PLUGIN, ModelListing("vae", Family.VAE, "nobody 2026", "", capabilities, SETTINGS, samplers))


def trial(seed: int = 0, samplers: tuple[str, ...] = ("default",), **settings: object) -> Trial:
    return Trial(entry(samplers=samplers), {"hidden": 64, "rate": 0.5} | settings, seed)


def test_a_trial_with_default_settings_has_the_bare_name():
    assert trial().reference == "vae"
    assert trial().slug == "vae.default.0"


def test_a_trial_with_other_settings_says_which():
    assert trial(hidden=32).reference == "vae[hidden=32]"
    assert re.fullmatch(r"vae\.[0-9a-f]{8}\.7", trial(seed=7, hidden=32).slug)


def test_trials_that_differ_have_different_folders():
    trials = [trial(), trial(seed=1), trial(hidden=32), trial(hidden=33), trial(rate=0.25), trial(hidden=32, seed=1)]
    assert len({t.slug for t in trials}) == len(trials)


def test_a_folder_is_named_the_same_in_every_run():
    # Results are found again by it. 8 digits of SHA-256 of {"hidden":32,"rate":0.5}.
    assert trial(hidden=32).slug == "vae.a3bb30fa.0"


def test_a_candidate_names_its_sampler_where_there_is_a_choice():
    assert trial().candidate("default") == "vae"
    assert trial(samplers=("ddpm", "ddim-25"), hidden=32).candidate("ddim-25") == "vae[hidden=32]/ddim-25"
    assert trial(samplers=("ancestral",)).candidate("ancestral") == "vae/ancestral"


def test_a_density_is_known_by_its_capability():
    assert Trial(entry(capabilities=("density",)), {}, 0).is_density
    assert not trial().is_density


def test_a_reference_is_looked_up_and_its_settings_are_completed():
    catalogue = Catalogue()
    catalogue.models["vae"] = entry()
    assert chosen("vae[rate=2]", catalogue) == (entry(), {"hidden": 64, "rate": 2.0})
    with pytest.raises(GenbenchError, match=r"no model is named 'vea'; did you mean 'vae'\? \(known: vae\)"):
        chosen("vea", catalogue)
    with pytest.raises(GenbenchError, match=r"vae has no setting 'width' \(known: hidden, rate\)"):
        chosen("vae[width=2]", catalogue)
