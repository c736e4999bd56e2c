"""What is said of all first-party models in one place is what each says of itself."""

import configparser
import importlib
import re
import tomllib
from pathlib import Path

import pytest

import genbench
from genbench.files import codec
from genbench.protocol.suite import Suite

ROOT = Path(__file__).parents[2]
PROJECTS = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for path in sorted((ROOT / "plugins").glob("*/pyproject.toml"))
}
MODELS = {
    name: module
    for project in PROJECTS.values()
    for name, module in project.get("entry-points", {}).get("genbench.models", {}).items()
}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "plugins/README.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| (\*\*)?`[a-z0-9-]+`(\*\*)? \|", line)
]
TABLE = {row[0].strip("*`"): (row[0].startswith("**"), *row[1:]) for row in ROWS if len(row) == 7}
LAWS = {
    genbench.Likelihood.EXACT: "exact",
    genbench.Likelihood.LOWER_BOUND: "bound",
    genbench.Likelihood.ESTIMATE: "estimate",
}


def model(name: str) -> type[genbench.Model]:
    """The class of that name."""
    return next(own for own in importlib.import_module(MODELS[name]).genbench_models() if own.name == name)


def test_every_model_has_a_row():
    assert sorted(TABLE) == sorted(MODELS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_row_says_what_the_class_says(name: str):
    own, (_, family, _, law, latent, labels, about) = model(name), TABLE[name]
    assert family.lower() == own.family.value
    latents = "yes" if issubclass(own, genbench.Latent) else "decoder" if issubclass(own, genbench.Decoder) else ""
    assert (latent, labels) == (latents, "yes" if issubclass(own, genbench.Conditional) else "")
    assert bool(law) == issubclass(own, genbench.Density)
    if isinstance(getattr(own, "likelihood", None), genbench.Likelihood):  # else it depends on the settings
        assert law == LAWS[own.likelihood]
    assert about


@pytest.mark.parametrize("suite", ["digits", "fashion-mnist-small", "fashion-mnist", "cifar10", "mnist"])
def test_the_core_of_a_suite_is_what_stands_in_bold(suite: str):
    path = ROOT / f"genbench/builtin/suites/{suite}.toml"
    core = codec.decoded(Suite, tomllib.loads(path.read_text(encoding="utf-8"))).core
    assert sorted(core) == sorted(name for name, (bold, *_) in TABLE.items() if bold)


def test_the_zoo_is_all_models():
    wanted = {
        f"genbench-{folder}" for folder, own in PROJECTS.items() if "genbench.models" in own.get("entry-points", {})
    }
    assert set(PROJECTS["zoo"]["dependencies"]) == wanted


def test_the_tests_install_every_distribution():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    named = re.findall(r"{toxinidir}/plugins/([a-z0-9-]+)", tox["testenv"]["commands_pre"])
    assert named == sorted(PROJECTS)
