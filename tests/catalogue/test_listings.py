"""Listings come from plugins' processes, which may leave anything: whatever has another form is refused."""

import copy
import json
from typing import Any

import pytest

from genbench.catalogue.listings import KINDS, Listing, ModelListing
from genbench.contracts.assets import Asset
from genbench.contracts.settings import Range, Setting
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.records.kinds import Family

MODEL = ModelListing(
    "vae",
    Family.VAE,
    "nobody 2026",
    "A model.",
    ("generate", "density"),
    (Setting("width", "int", 64, Range(4, 512, log=True)), Setting("kind", "str", "a", choices=("a", "b"))),
    ("ancestral", "mean"),
    "ancestral",
    (Asset("https://example.org/w", "0" * 64, "ImageNet"),),
    ("network",),
)
LISTING = Listing(models=(MODEL,), faults=("one",))


def plain() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(codec.encoded(LISTING)))
    return found


def test_a_listing_survives_json():
    assert codec.decoded(Listing, plain()) == LISTING
    assert codec.decoded(Listing, {}) == Listing()


def test_each_kind_has_its_listings():
    assert set(KINDS) | {"faults"} == set(plain())


def edited(path: str, value: object) -> dict[str, Any]:
    """The listing with the value at a path such as "models.0.name" set to another one."""
    found = copy.deepcopy(plain())
    *places, last = [int(place) if place.isdigit() else place for place in path.split(".")]
    inner: Any = found
    for place in places:
        inner = inner[place]
    inner[last] = value
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("faults", "one"),
        ("faults.0", 1),
        ("friends", []),
        ("models", {}),
        ("models.0", None),
        ("models.0.name", "../vae"),
        ("models.0.name", "vae\n"),
        ("models.0.name", ""),
        ("models.0.name", "v" * 65),
        ("models.0.family", "VAE"),
        ("models.0.source", None),
        ("models.0.samplers.0", "../ancestral"),
        ("models.0.capabilities.0", "a b"),
        ("models.0.described_sampler", "slow"),
        ("models.0.control", "king"),
        ("models.0.friends", []),
        ("models.0.assets.0.sha256", "../../etc/passwd"),
        ("models.0.assets.0.sha256", "A" * 64),
        ("models.0.assets.0.location", "file:///etc/passwd"),
        ("models.0.assets.0.location", "../w"),
        ("models.0.settings.0.name", "a b"),
        ("models.0.settings.0.type", "complex"),
        ("models.0.settings.0.default", "64"),
        ("models.0.settings.0.default", True),
        ("models.0.settings.0.default", 3),
        ("models.0.settings.0.default", None),
        ("models.0.settings.0.range", {"low": 9, "high": 1, "log": False}),
        ("models.0.settings.0.range", [4, 512]),
        ("models.0.settings.1.choices", ["a", 3]),
        ("models.0.settings.1.choices", []),
        ("models.0.settings.1.range", {"low": 0, "high": 1, "log": False}),
    ],
)
def test_another_form_is_refused_with_its_place(path, value):
    with pytest.raises(GenbenchError) as caught:
        codec.decoded(Listing, edited(path, value), "listing")
    assert str(caught.value).startswith("listing")
    assert str(caught.value).isprintable()


def test_a_listing_is_not_a_list():
    for value in ([], None, "models", 3):
        with pytest.raises(GenbenchError, match=r"^listing: expected object"):
            codec.decoded(Listing, value, "listing")
