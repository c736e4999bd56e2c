"""No confined plugin opens the package's own data, or copies of a dataset that this machine is known to have."""

import json
from pathlib import Path

import pytest
import sklearn
import tiny

import genbench.builtin
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.folder import ImageFolder
from genbench.builtin.datasets.mnist import FashionMnist
from genbench.builtin.extractors.digits_net import WEIGHTS, DigitsNet
from genbench.execution.supervisor import Supervisor

PACKAGE, SKLEARN = Path(genbench.builtin.__file__).parent, Path(sklearn.__file__).parent
PLACES = {
    "digits": PACKAGE / "datasets/digits.npz",
    "digits-net": WEIGHTS,
    "scikit-learn's digits": SKLEARN / "datasets/data/digits.csv.gz",
    "scikit-learn's wine": SKLEARN / "datasets/data/wine_data.csv",
}
PLUGIN = """
import json
from pathlib import Path

import sklearn.datasets
import torch

import genbench

PLACES = {places}


def opened():
    found = []
    for name, place in PLACES.items():
        try:
            found += [name] if Path(place).read_bytes() else []
        except PermissionError:
            pass
    try:
        found.append(f"load_digits {{len(sklearn.datasets.load_digits().data)}}")
    except PermissionError:
        pass
    return sorted([*found, f"load_wine {{len(sklearn.datasets.load_wine().data)}}"])


class Opener(genbench.Model):
    __doc__ = repr(opened())

    name, family, source = "opener", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        Path("opened.json").write_text(json.dumps(opened()))

    def sample(self, n, *, labels=None):
        Path("opened.json").write_text(json.dumps(opened()))
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Opener]
"""


def ran(supervisor: Supervisor, out: Path, **options: object) -> tiny.Run:
    """A run of a model that opens data when it is listed, fitted and sampled."""
    file = out / "opener.py"
    file.write_text(PLUGIN.format(places=repr({name: str(path) for name, path in PLACES.items()})))
    return tiny.run(supervisor, out, [file], ["opener"], tiny.write_suite(out), jobs=1, **options)


def opened(run: tiny.Run, step: str) -> list[str]:
    return json.loads((run.root / "opener.default.0" / step / "opened.json").read_text())


@pytest.fixture(scope="module")
def confined(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    return ran(supervisor, tmp_path_factory.mktemp("confined"))


@pytest.mark.parametrize("step", ["fit", "sample/default"])
def test_a_plugin_that_opens_copies_of_the_data_is_refused_and_scikit_learn_works_all_the_same(confined, step):
    assert opened(confined, step) == ["load_wine 178", "scikit-learn's wine"]


def test_so_is_one_that_opens_them_when_it_is_listed(confined):
    assert confined.record("opener").model.description == repr(["load_wine 178", "scikit-learn's wine"])


def test_without_confinement_it_opens_all_of_them(supervisor, tmp_path):
    run = ran(supervisor, tmp_path, isolation="process")
    assert opened(run, "fit") == sorted([*PLACES, "load_digits 1797", "load_wine 178"])


def test_what_is_hidden_is_declared_where_the_data_are(tmp_path):
    for hidden, place in zip(
        (*Digits.hides, *DigitsNet.hides), ("digits", "scikit-learn's digits", "digits-net"), strict=True
    ):
        assert str(PLACES[place]).endswith(f"/{hidden}")
    assert "/usr/share/dataset-fashion-mnist" in FashionMnist.hides
    assert ImageFolder(str(tmp_path)).hides == (str(tmp_path),)
