"""Writing: a template's files with their names exchanged, in a folder that was not there before."""

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError, unknown
from genbench.scaffold.names import Names

TEMPLATES = Path(__file__).parents[1] / "templates"
PLUGIN, MODULE, CLASS = "new-plugin", "genbench_new_plugin", "NewPlugin"  # what templates are called
FAMILIES = ("baseline", "vae", "gan", "flow", "diffusion", "autoregressive")
SUITE = "suite"
KINDS = ("metric", "dataset", "extractor", SUITE, "task", "solver")
MODELS, PARTS = "models", "parts"  # the templates' folders


@dataclass(frozen=True)
class Template:
    """What a distribution is made of.

    Args:
        room: MODELS or PARTS.
        name: of its module there: a family, or a kind.
    """

    room: str
    name: str

    @property
    def files(self) -> Mapping[str, Path]:
        """Path in the distribution → the template's file; names are still the template's."""
        home = TEMPLATES / self.room
        shared = {"README.md": home / "README.md", f"test_{MODULE}.py": home / f"test_{self.name}.py"}
        if self.name == SUITE:  # a file lies beside its module
            own = {
                "pyproject.toml": home / f"{SUITE}.distribution.toml",
                f"{MODULE}/{PLUGIN}.toml": home / f"{PLUGIN}.toml",
                f"{MODULE}/__init__.py": home / f"{SUITE}.py",
            }
        else:
            own = {"pyproject.toml": home / "distribution.toml", f"{MODULE}.py": home / f"{self.name}.py"}
        return shared | own

    @property
    def source(self) -> str:
        """What the module holds."""
        return (TEMPLATES / self.room / f"{self.name}.py").read_text(encoding="utf-8")


def template_of(family: str, kind: str) -> Template:
    """The template of a family of models, or else of a kind of parts.

    Raises:
        GenbenchError: there is no such family, or kind.
    """
    name, known, what = (family, FAMILIES, "family") if family else (kind, KINDS, "kind of part")
    if name not in known:
        raise unknown(what, name, known)
    return Template(MODELS if family else PARTS, name)


def written(template: Template, names: Names, folder: Path) -> list[Path]:
    """Write the distribution, all of it or nothing; its files, sorted.

    Raises:
        GenbenchError: the folder is there already, or cannot be made.
    """
    if folder.exists() or folder.is_symlink():
        raise GenbenchError(f"{folder} is there already, and nothing in it was changed; take another NAME or --dir")
    files = template.files
    exchanged = _exchange(template, names)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".genbench-new-", dir=folder.parent) as own:
            whole = Path(own) / "whole"
            for place, file in files.items():
                target = whole / exchanged(place)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(exchanged(file.read_text(encoding="utf-8")), encoding="utf-8")
            shutil.move(whole, folder)
    except OSError as error:
        raise GenbenchError(f"{folder} cannot be made ({error.strerror}); name another place by --dir") from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _exchange(template: Template, names: Names) -> Callable[[str], str]:
    """The function that puts an author's names in the place of the template's."""
    pairs = {
        f"genbench.templates.{template.room}.{template.name}": names.module,
        MODULE: names.module,
        PLUGIN: names.plugin,
        CLASS: names.named_class(template.source),
    }
    either = re.compile("|".join(map(re.escape, pairs)))
    return lambda text: either.sub(lambda found: pairs[found[0]], text)
