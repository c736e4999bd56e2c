"""Models of `plugins/planted.py` and the first-party densities, audited once each."""

from collections.abc import Callable
from pathlib import Path

import asked
import pytest
import torch

from genbench.builtin.datasets.digits import Digits
from genbench.store import datasets

FIRST_PARTY = Path(__file__).parents[3] / "plugins"
MIXTURES = Path(__file__).parent / "plugins/mixtures.py"
CHEATS = Path(__file__).parents[2] / "cheats/density.py"


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded digits, laid down."""
    home = tmp_path_factory.mktemp("digits")
    datasets.write(Digits().splits(), home)
    return home


@pytest.fixture(scope="session")
def audited(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., asked.Asked]:
    """`audited(model, **settings)`: what the audits say of a model of `planted.py`; asked once."""
    known: dict[str, asked.Asked] = {}

    def ask(model: str, **settings: object) -> asked.Asked:
        name = f"{model} {settings}"
        if name not in known:
            torch.set_num_threads(1)
            known[name] = asked.ask(digits, tmp_path_factory.mktemp("asked"), asked.PLANTED, model, 500, **settings)
        return known[name]

    return ask


@pytest.fixture(scope="session")
def cheating(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., asked.Asked]:
    """`cheating(model, **settings)`: of a model of `mixtures.py`, or of the dishonest densities; asked once."""
    known: dict[str, asked.Asked] = {}

    def ask(model: str, **settings: object) -> asked.Asked:
        name = f"{model} {settings}"
        if name not in known:
            torch.set_num_threads(1)
            file = str(CHEATS if model.startswith("density-") else MIXTURES)
            known[name] = asked.ask(digits, tmp_path_factory.mktemp("asked"), file, model, 500, **settings)
        return known[name]

    return ask


@pytest.fixture(scope="session")
def first_party(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., asked.Asked]:
    """`first_party(model, images, **settings)`: what the audits say of a first-party plugin, or of a control."""

    def ask(model: str, images: int, **settings: object) -> asked.Asked:
        torch.set_num_threads(1)
        file = FIRST_PARTY / model / f"genbench_{model}.py"
        plugin = str(file) if file.exists() else "genbench.builtin"
        return asked.ask(digits, tmp_path_factory.mktemp("asked"), plugin, model, images, **settings)

    return ask
