"""Isolation: what a child that runs a plugin's code may read, write and reach, where the kernel can enforce it.

Level "process": a process of its own, a cleared environment, a home folder that is deleted after it. Level "landlock":
writes only in its own folder, reads only what it needs, no TCP, no signals to others (Linux; UDP is covered where a
stage is sealed).
"""

import contextlib
import ctypes
import glob
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from genbench.contracts.job import Confinement
from genbench.execution import seccomp

HOME = ".home"  # in the job's folder: home, caches and temporary files of the plugin; deleted once it has ended
KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "TERM", "NO_COLOR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD")
KEPT_PREFIXES = ("LC_", "PYTHON", "OMP_", "MKL_", "OPENBLAS_", "CUDA", "NVIDIA_", "NCCL_", "TORCH_", "PYTORCH_")
CACHES = {  # where libraries keep what they download or compile: all of it goes with the home folder
    "XDG_CACHE_HOME": "cache",
    "TORCH_HOME": "cache/torch",
    "TORCHINDUCTOR_CACHE_DIR": "cache/inductor",
    "TRITON_CACHE_DIR": "cache/triton",
    "HF_HOME": "cache/huggingface",
    "MPLCONFIGDIR": "cache/matplotlib",
    "CUDA_CACHE_PATH": "cache/cuda",
}
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/proc", "/sys")
ETC = ("ld.so.cache", "localtime", "nsswitch.conf", "passwd", "group", "hosts", "resolv.conf", "alternatives", "ssl")
DEVICES = ("null", "zero", "full", "random", "urandom", "dri")

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system call numbers, the same on every architecture
NO_NEW_PRIVILEGES = 38  # prctl's PR_SET_NO_NEW_PRIVS
EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FILE, MAKE_FILE = 1 << 5, 1 << 8
TRUNCATE, IOCTL, SOCKETS = 1 << 14, 1 << 15, 1 << 16  # the last: to connect to a Unix socket at a path
FILE_RIGHTS = EXECUTE | WRITE | READ | TRUNCATE | IOCTL
READING = EXECUTE | READ | LIST
RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16, 9: 17}  # from this interface version on, so many file rights are known
TCP, OTHERS = 0b11, 0b11  # bind and connect; abstract sockets and signals outside
CAPABILITIES = 0x20080522  # version of capget's and capset's structures
OF_FILES = 1 << 1 | 1 << 2 | 1 << 3  # root's rights over others' files: the ruleset says which files


def level() -> str:
    """What this kernel can enforce: "landlock N" with its interface version, or "process"."""
    version = _version()
    return f"landlock {version}" if version > 0 else "process"


def words(level: str) -> str:
    """What a level of isolation means for a plugin."""
    name, _, version = level.partition(" ")
    if name != "landlock":
        return "plugins run in processes of their own, with your rights: run code that you trust"
    allowed = "plugins write only in their trial's folder and read only what they need"
    network = "open no TCP connection" if int(version) >= 4 else "may open connections (TCP is covered from Linux 6.7)"
    signals = "signal nobody" if int(version) >= 6 else "may signal your processes (covered from Linux 6.12)"
    sockets = "reach no Unix socket" if int(version) >= 9 else "may reach Unix sockets (covered from Linux 7.1)"
    return f"{allowed}; they {network}, {sockets}, and {signals}"


def confine(folder: Path, own: Path, wanted: Confinement) -> None:
    """Confine this process, which has one thread, and all that it will start; there is no way back.

    Args:
        folder: where it works, its home among it; it may write there and nowhere else.
        own: but for its temporary files, which the parent removes.
    """
    environment = cleared(os.environ, folder) | {"TMPDIR": str(own)}
    os.environ.clear()
    os.environ.update(environment)
    for name in ("HOME", *CACHES):
        Path(environment[name]).mkdir(parents=True, exist_ok=True)
    own.mkdir(mode=0o700)
    tempfile.tempdir = str(own)  # the fork server has looked it up already
    if wanted.enforced and _version() > 0:
        if not wanted.everything:
            _drop_capabilities()
        _enforce((folder, own), wanted)
        if not wanted.everything:
            sockets = () if wanted.network else seccomp.SOCKETS
            left = (*seccomp.OF_FILES, *sockets) if wanted.sealed else ()
            seccomp.enforce(*left, counted=wanted.counted)


def cleared(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables that a plugin's process gets: an allow-list, and homes and caches inside its own folder."""
    home = folder / HOME
    kept = {name: value for name, value in environment.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    caches = {name: str(home / place) for name, place in CACHES.items()}
    ours = {name: value for name, value in environment.items() if name == "GENBENCH_CACHE"}
    return {**kept, **caches, **ours, "HOME": str(home)}


def _version() -> int:
    """The version of the kernel's Landlock interface; 0 or less where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return int(ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1))


def file_rights(version: int) -> int:
    """All rights over files that a kernel with this version of the interface knows, a bit each."""
    return int((1 << RIGHTS[max(known for known in RIGHTS if known <= version)]) - 1)


def _enforce(folders: Iterable[Path], wanted: Confinement) -> None:
    version = _version()
    rights = file_rights(version)
    files = 0 if wanted.everything else rights
    tcp = TCP if version >= 4 and not (wanted.network or wanted.everything) else 0
    sizes = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
    attributes = (ctypes.c_uint64 * sizes.get(version, 3))(*(files, tcp, OTHERS)[: sizes.get(version, 3)])
    if not any(attributes):
        return
    ruleset = _called(CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
    if files:
        _allow(ruleset, map(str, folders), rights)
        _allow(ruleset, _devices(), rights & (FILE_RIGHTS | LIST) if version >= 5 else rights)
        if wanted.shared and not wanted.sealed:  # what is left there outlives the process
            _allow(ruleset, ["/dev/shm"], rights & (FILE_RIGHTS | LIST | MAKE_FILE | REMOVE_FILE))
        readable, opened = _apart_from(_readable(), wanted.hides)
        _allow(ruleset, [*readable, *wanted.reads], READING)
        _allow(ruleset, opened, LIST)
    ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _called(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _drop_capabilities() -> None:
    """Give up what root may do beyond files; with CAP_PERFMON it could read the harness's environment in /proc."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the low halves, then the high ones
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(header, sets) == 0:
        kept = (ctypes.c_uint32 * 6)(*(sets[i] & OF_FILES for i in range(3)))
        libc.capset(header, kept)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _allow(ruleset: int, paths: Iterable[str], rights: int) -> None:
    for path in dict.fromkeys(paths):
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there needs no rule
        allowed = rights if os.path.isdir(path) else rights & FILE_RIGHTS
        rule = _PathBeneath(allowed, parent)
        _called(ADD_RULE, ruleset, 1, ctypes.byref(rule), 0)
        os.close(parent)


def _apart_from(places: Iterable[str], hidden: Iterable[str]) -> tuple[list[str], list[str]]:
    """Places without what is hidden in them, and the folders that were opened for it, which imports have to list."""
    secret = tuple(_real(path) for path in _everywhere(hidden))
    found: list[str] = []
    opened: dict[str, str] = {}
    waiting = list(places)
    for place in waiting:
        real = _real(place)
        if real in opened or real.startswith(secret):
            continue
        if any(path.startswith(real) for path in secret):
            opened[real] = place
            with contextlib.suppress(OSError):
                waiting += [entry.path for entry in os.scandir(place)]
        else:
            found.append(place)
    return found, list(opened.values())


def _real(path: str) -> str:
    """A path without links and with a slash at its end, so that what lies below it begins with it."""
    return os.path.join(os.path.realpath(path), "")


def _everywhere(hidden: Iterable[str]) -> Iterator[str]:
    """Hidden paths, those that are not absolute below each folder of packages that has them.

    A folder that this Python itself lies in cannot be hidden; what is in it besides is not readable anyway.
    """
    needed = [Path(place).resolve() for place in (sys.prefix, sys.base_prefix, Path(__file__).parents[1])]
    for path in hidden:
        if os.path.isabs(path):
            yield from () if any(place.is_relative_to(Path(path).resolve()) for place in needed) else (path,)
        else:
            yield from (place for folder in _packages() if os.path.exists(place := os.path.join(folder, path)))


def _packages() -> list[str]:
    """Folders that a Python here may import packages from: its own, and those of the system's."""
    roots = (sys.prefix, sys.base_prefix, "/usr", "/usr/local")
    patterns = [f"{root}/lib*/python3*/{kind}-packages" for root in roots for kind in ("site", "dist")]
    mapped = [os.path.dirname(place) for place in _mapped()]
    return list(dict.fromkeys([*filter(None, sys.path), *mapped, *(p for each in patterns for p in glob.glob(each))]))


def _mapped() -> Iterator[str]:
    """Where packages lie that editable installs map names to, outside sys.path."""
    for finder in sys.meta_path:
        module = sys.modules.get(getattr(finder, "__module__", ""))
        yield from map(str, getattr(module, "MAPPING", {}).values())


def _called(number: int, *arguments: Any) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"system call {number}: {os.strerror(code)}")
    return result


def _devices() -> list[str]:
    graphics = [str(path) for path in Path("/dev").glob("nvidia*")]
    return [f"/dev/{name}" for name in DEVICES] + graphics


def _readable() -> Iterator[str]:
    """Where Python, its packages and the system's libraries lie."""
    yield from SYSTEM
    yield from (f"/etc/{name}" for name in ETC)
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix)
    yield from (path for path in sys.path if path)
    yield from (place if Path(place).is_dir() else str(Path(place).with_suffix(".py")) for place in _mapped())
