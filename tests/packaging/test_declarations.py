"""What the repository says of itself to indexes and to those who cite it."""

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import jsonschema
import pytest
import yaml

from genbench.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def form() -> object:
    """The schema of the Citation File Format 1.2.0, as cffconvert brings it."""
    (path,) = [path for path in distribution("cffconvert").files or () if path.match("1.2.0/schema.json")]
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_citation_is_one_of_its_schema_and_of_this_version(form: object):
    jsonschema.validate(CITATION, form)
    assert (CITATION["version"], CITATION["license"]) == (VERSION, PROJECT["license"])
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_a_citation_without_authors_is_none(form: object):
    with pytest.raises(jsonschema.ValidationError, match="authors"):
        jsonschema.validate({key: value for key, value in CITATION.items() if key != "authors"}, form)


def relative(text: str) -> list[str]:
    """The links of a page that lead nowhere on PyPI."""
    return [link for link in re.findall(r"\]\(([^)]*)\)", text) if not link.startswith("https://")]


def test_the_readme_has_no_link_that_leads_nowhere_on_pypi():
    assert relative((ROOT / PROJECT["readme"]).read_text(encoding="utf-8")) == []
    assert relative("[a](docs/a.md) [b](https://b.example) [c](#c)") == ["docs/a.md", "#c"]


def test_every_page_that_the_readme_names_is_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:docs|plugins|leaderboards)/[\w.-]+\.md|[A-Z]+\.(?:md|cff))`", text))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - named <= {
        *("docs/index.md", "docs/api.md", "docs/commands.md", "docs/glossary.md", "docs/reference.md"),
    }


def test_the_pages_tell_every_extra_and_every_declared_python():
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    for extra in PROJECT["optional-dependencies"]:
        assert f"'.[{extra}]'" in page
    versions = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert f"Python {versions[0]} to {versions[-1]}" in page
