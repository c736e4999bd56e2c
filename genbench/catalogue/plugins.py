"""Discovery: which plugins are installed, from which distribution, and what each one offers through its hooks.

Finding a plugin reads metadata and files only; `load` imports it, one plugin at a time, so that one that raises
stops nobody else.
"""

import atexit
import contextlib
import hashlib
import importlib
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from genbench.catalogue.distributions import declared
from genbench.contracts import hooks
from genbench.errors import GenbenchError
from genbench.version import VERSION

MODELS = "genbench.models"
PARTS = "genbench.parts"
GROUPS = (MODELS, PARTS)
BUILTIN = "genbench.builtin"
# A module that is a loose file: as if it were that file, also for tracebacks and whoever looks for what lies beside it.
STANDS_FOR = """\
__file__ = {file!r}
with open(__file__, "rb") as _source:
    exec(compile(_source.read(), __file__, "exec", dont_inherit=True))
"""
SHARED = re.compile(rb"^\s*(?:from|import)\s+(genbench_\w+)", re.MULTILINE)  # what plugins share with each other
SHOWN = 80  # characters of what a plugin returned that an error quotes


@dataclass(frozen=True)
class Plugin:
    """Where a plugin is and which code it is; plain data, so that a process can be told which one to import."""

    name: str
    """Of the entry point, or of the loose file or module."""
    group: str
    """MODELS or PARTS: what it may offer."""
    module: str
    """The module to import; "" for a loose file."""
    file: str
    """The loose file; "" for a module."""
    distribution: str
    """What it was installed from; "" for a loose one."""
    version: str
    """Of the distribution."""
    code: str
    """SHA-256 over its Python files and those of modules genbench_… that it imports: edited, it is another plugin."""
    python: str = ""
    """The interpreter of the environment that it is installed in; "": this one."""

    @property
    def identity(self) -> str:
        """Which code it is, wherever it lies."""
        return self.code

    @property
    def reads(self) -> tuple[str, ...]:
        """What its process has to be able to read, apart from what is installed."""
        return (self.file,) if self.file else ()

    @property
    def is_builtin(self) -> bool:
        """Whether it is genbench's own: the harness says so of itself, and no plugin can say it."""
        return self.module == BUILTIN and not self.python

    @property
    def home(self) -> str:
        """What it was installed from, else the name of its loose file, else its module."""
        return self.distribution or Path(self.file).name or self.module

    @property
    def origin(self) -> str:
        """Where it comes from, for people."""
        return self.file or " ".join(filter(None, (self.distribution, self.version))) or self.module


class Offers:
    """What one imported plugin offers: `offers.of("genbench_models")`, and the hooks that it misspelt."""

    def __init__(self, plugin: Plugin, module: ModuleType) -> None:
        self._hooks = pluggy.PluginManager(hooks.PROJECT)
        self._hooks.add_hookspecs(hooks)
        self._hooks.register(module, plugin.name)
        self.known = [hook.name for hook in self._hooks.get_hookcallers(module) or [] if hook.has_spec()]
        callers = self._hooks.get_hookcallers(module) or []
        self.misspelt = sorted(hook.name for hook in callers if not hook.has_spec())

    def of(self, hook: str) -> list[Any]:
        """The items that the plugin's implementation of a hook returned; [] where it has none.

        Raises:
            GenbenchError: it returned something else than items.
            Exception: whatever it raised.
        """
        if hook not in self.known:
            return []
        found = getattr(self._hooks.hook, hook)()  # pluggy leaves out a None
        if not found or isinstance(found[0], str) or not isinstance(found[0], Iterable):
            given = repr(found[0])[:SHOWN] if found else "nothing"
            raise GenbenchError(f"{hook} returns a list of classes or paths, got {given}; did it forget the brackets?")
        return list(found[0])

    def tell(self, hook: str, **arguments: object) -> None:
        """Call a hook for its effect."""
        getattr(self._hooks.hook, hook)(**arguments)


def load(plugin: Plugin) -> Offers:
    """Import a plugin and register it with a host of its own. Whatever its import raises, this raises."""
    return Offers(plugin, importlib.import_module(own_name(plugin) if plugin.file else plugin.module))


def own_name(plugin: Plugin) -> str:
    """The name under which a loose file can be imported, here and in what this process starts; made where it is none.

    It is the file's alone, so that it takes no other module's place, whatever the file is called.
    """
    file = Path(plugin.file)
    digest = hashlib.sha256(f"{file}\0{plugin.code}".encode(errors="surrogateescape")).hexdigest()
    name = f"genbench_loose_{re.sub('[^A-Za-z0-9]', '_', file.stem)}_{digest[:12]}"
    if name not in sys.modules and importlib.util.find_spec(name) is None:
        folder = Path(tempfile.mkdtemp(prefix="genbench-loose-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        (folder / f"{name}.py").write_text(STANDS_FOR.format(file=str(file)), encoding="utf-8")
        sys.path.append(str(folder))  # what is spawned by multiprocessing gets the same path
        importlib.invalidate_caches()
    return name


def builtin(group: str) -> Plugin:
    """genbench's own parts, or its own (control) models, which come through the same hooks as anyone else's."""
    return Plugin("builtin", group, BUILTIN, "", "genbench", VERSION, _code_of(Path(__file__).parents[1]))


@dataclass(frozen=True)
class Installed:
    """The installed plugins of one group, built-ins first, then by name."""

    plugins: tuple[Plugin, ...]
    broken: tuple[tuple[Plugin, str], ...] = ()
    """What cannot even be tried, with why."""


def installed(group: str) -> list[Plugin]:
    """The plugins of an entry-point group that can be tried, built-ins first, then by name; nothing is imported."""
    return list(found(group).plugins)


def found(group: str) -> Installed:
    """The plugins of an entry-point group, and what is broken among distributions; nothing is imported."""
    whole, broken = [builtin(group)], []
    for each in declared((group,)):
        plugin = Plugin(each.name, each.group, each.module, "", each.distribution, each.version, "")
        if each.broken:
            broken.append((plugin, each.broken))
        else:
            root = _root_of(each.module)
            whole.append(replace(plugin, code=_code_of(root) if root else ""))
    return Installed(tuple(whole), tuple(broken))


def loose(text: str) -> Plugin:
    """The model plugin that `--plugin FILE_OR_MODULE` names.

    Raises:
        GenbenchError: neither a Python file nor a module that can be found.
    """
    path = Path(text)
    if path.suffix == ".py":
        if not path.is_file():
            raise GenbenchError(f"--plugin takes a Python file or a module, and {text} is not there")
        return Plugin(path.stem, MODELS, "", str(path.resolve()), "", "", _code_of(path))
    root = _root_of(text)
    if root is None:
        raise GenbenchError(f"--plugin takes a Python file or a module, and no module is named {text!r}")
    return Plugin(text, MODELS, text, "", "", "", _code_of(root))


def _root_of(module: str) -> Path | None:
    """The file or folder of a module's top-level package, found without importing it."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin else None


def _code_of(root: Path) -> str:
    """SHA-256 over the Python files of a module and of the modules genbench_… that it shares with other plugins.

    What cannot be read counts by its name.
    """
    state, roots = hashlib.sha256(), [root]
    for place in roots:
        shared: set[str] = set()
        for file in [place] if place.is_file() else sorted(path for path in place.rglob("*.py") if path.is_file()):
            state.update(f"{file.relative_to(place.parent).as_posix()}\0".encode(errors="surrogateescape"))
            with contextlib.suppress(OSError):  # whoever imports it is told
                text = file.read_bytes()
                state.update(hashlib.sha256(text).digest())
                shared.update(name.decode() for name in SHARED.findall(text))
        roots += [found for name in sorted(shared) if (found := _root_of(name)) and found not in roots]
    return state.hexdigest()
