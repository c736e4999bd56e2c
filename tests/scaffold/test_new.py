"""A new distribution has its author's names throughout, offers what it should, and takes nobody's place."""

import ast
import tomllib
from pathlib import Path

import pytest

from genbench import catalogue
from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.scaffold.names import names_of
from genbench.scaffold.writing import FAMILIES, KINDS, MODELS, PARTS, Template, written

EVERY = [*(Template(MODELS, name) for name in FAMILIES), *(Template(PARTS, name) for name in KINDS)]


def made(template: Template, folder: Path) -> Path:
    """A new distribution of a template."""
    name = f"my-{template.name}"
    written(template, names_of(name), folder / name)
    return folder / name


@pytest.fixture(scope="module")
def models(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> catalogue.Catalogue:
    """What the new models offer, as loose files."""
    folder = tmp_path_factory.mktemp("new")
    files = [next(made(Template(MODELS, name), folder).glob("genbench_*.py")) for name in FAMILIES]
    return catalogue.read(supervisor, [str(file) for file in files])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_model_is_listed_without_a_fault(models: catalogue.Catalogue, family: str):
    entry = models.model(f"my-{family}")
    assert entry.listing.family.name.lower() == family
    assert [fault for fault in models.faults if fault.plugin == entry.plugin] == []


@pytest.mark.parametrize("template", EVERY, ids=lambda template: template.name)
def test_no_name_of_the_template_is_left_and_every_file_can_be_read(template: Template, tmp_path: Path):
    folder = made(template, tmp_path)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"README.md", "pyproject.toml"} <= {path.name for path in files}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not any(word in f"{path.name} {text}" for word in ("new-plugin", "new_plugin", "NewPlugin", "templates"))
        if path.suffix == ".py":
            ast.parse(text)


@pytest.mark.parametrize("template", EVERY, ids=lambda template: template.name)
def test_the_entry_point_is_of_the_right_group_and_names_the_module(template: Template, tmp_path: Path):
    project = tomllib.loads((made(template, tmp_path) / "pyproject.toml").read_text())["project"]
    name = f"my-{template.name}"
    assert project["name"] == f"genbench-{name}"
    assert project["entry-points"] == {f"genbench.{template.room}": {name: f"genbench_my_{template.name}"}}


@pytest.mark.parametrize(
    ("text", "module", "named"),
    [
        ("my-vae", "genbench_my_vae", "MyVae"),
        ("genbench-my-vae", "genbench_my_vae", "MyVae"),
        ("3d.vae_2", "genbench_3d_vae_2", "New3dVae2"),
        ("none", "genbench_none", "NewNone"),
        ("tensor", "genbench_tensor", "NewTensor"),
    ],
)
def test_all_names_follow_from_one_and_none_is_taken(text: str, module: str, named: str):
    names = names_of(text)
    assert names.module == module
    assert names.named_class("from torch import Tensor") == named


@pytest.mark.parametrize(
    ("text", "hint"), [("My VAE", "'my-vae'"), ("", "'my-model'"), ("vae-", "'vae'"), ("../vae", "'vae'")]
)
def test_what_no_plugin_can_be_called_is_refused_with_what_it_could_be(text: str, hint: str):
    with pytest.raises(GenbenchError, match=hint):
        names_of(text)


def test_the_command_says_what_to_do_next_and_refuses_a_folder_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    command = ["new", "my-vae", "--family", "vae", "--dir", str(tmp_path / "mine")]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert f"pip install -e {tmp_path / 'mine'}" in told
    assert "genbench check my-vae" in told
    assert "genbench run -m my-vae --quick" in told
    before = (tmp_path / "mine/README.md").read_bytes()
    assert main(command) == 2
    assert capsys.readouterr().err.startswith(f"genbench: {tmp_path / 'mine'} is there already")
    assert (tmp_path / "mine/README.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "one of the arguments --family --kind is required"),
        (["--family", "vae", "--kind", "metric"], "not allowed with argument --family"),
        (["--family", "vea"], "no family is named 'vea'; did you mean 'vae'?"),
        (["--kind", "metrics"], "no kind of part is named 'metrics'; did you mean 'metric'?"),
    ],
)
def test_one_family_or_kind_that_there_is_is_asked_for(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["new", "my-vae", *options, "--dir", str(tmp_path / "mine")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_the_help_names_every_family_and_kind(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["new", "--help"])
    told = capsys.readouterr().out
    assert f"--family {'|'.join(FAMILIES)}" in told
    assert f"--kind {'|'.join(KINDS)}" in told
