"""Plugins that mean harm: what they leave, say and take costs their own candidate, and is told in plain words."""

import json
import os
from pathlib import Path

import pytest
import tiny

from genbench import catalogue
from genbench.catalogue import plugins
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import sha256_of
from genbench.records.status import Status
from genbench.runs.conductor import Bounds

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
PLUGIN = '''
import json, os, socket, stat, sys, time

import torch

import genbench
from genbench.execution import child
from genbench.files import codec
from genbench.workers.untrusted import density as densities, fit as fits

STAGE = json.load(open("call.json"))["stage"]
SECRET = {secret}
HARM = {harm}


def markers():
    """The socket on which the parent hears where a stage is."""
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return descriptor
        except OSError:
            pass


def tell(**message):
    os.write(markers(), json.dumps(message).encode() + b"\\n")


def forge(module, changed):
    """Write other JSON than the stage would."""
    write = module.write_json
    module.write_json = lambda path, value: write(path, changed(value))


class Hostile(genbench.Model, genbench.Density):
    """Uniform pixels, and some harm."""

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT
    assets = {assets}

    def __init__(self, space, *, harm: str = "none"):
        super().__init__()
        self.space, self.harm = space, harm

    def act(self, place):
        where, code = HARM.get(self.harm, ("", ""))
        if where == place:
            exec(code, globals(), {"self": self})

    def fit(self, data):
        self.act("fit")

    def sample(self, n, *, labels=None):
        if STAGE == "sample":
            self.act("sample")
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x):
        if STAGE == "density":
            self.act("log_prob")
        return torch.full((len(x),), -180.0)


@genbench.hookimpl
def genbench_models():
    return [Hostile]
'''
STEALS = """
if os.fork() == 0:
    os.setsid()
    while True:
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            try:
                if descriptor > 2 and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.read(descriptor, 4096)
            except OSError:
                pass
time.sleep(0.5)
"""
FORGED = """
from safetensors.torch import save_file
for name in ("samples", "drawn"):
    save_file({"x": torch.zeros((100, *self.space.shape), dtype=torch.uint8)}, f"{name}.safetensors")
json.dump({"nfe": 1, "flops": 1, "device_memory": None, "conditional": False}, open("facts.json", "w"))
os._exit(0)
"""
HARM = {  # name: (where, code, status, words of the reason)
    "never-reads": (
        "fit",
        "[tell(at='ready', section='fit') for _ in range(5000)]; time.sleep(600)",
        Status.TIMEOUT,
        "past",
    ),
    "log-is-a-pipe": ("fit", "os.unlink('log.txt'); os.mkfifo('log.txt'); raise RuntimeError('x')", Status.ERROR, "x"),
    "log-is-a-link": (
        "fit",
        "os.unlink('log.txt'); os.symlink(SECRET, 'log.txt'); raise RuntimeError('x')",
        Status.ERROR,
        "",
    ),
    "resume-is-a-link": (
        "fit",
        "os.rename('resume', 'old'); os.mkdir('x'); os.mkfifo('x/key'); os.symlink('x', 'resume'); "
        "raise RuntimeError('x')",
        Status.ERROR,
        "RuntimeError: x",
    ),
    "odd-failure": (
        "fit",
        "json.dump({'status': []}, open('failure.json', 'w')); os._exit(1)",
        Status.NO_EVIDENCE,
        "code 1",
    ),
    "odd-progress": (
        "fit",
        'os.write(markers(), b\'{"at": "progress", "images": 1, "share": 1\' + b\'0\' * 400 + b\'}\\n\'); '
        "tell(at='progress', images=10**400, share='nan'); tell(at='progress', images=-5, share=-1e308)",
        Status.OK,
        "",
    ),
    "manifest-is-a-folder": ("fit", "os.mkdir('manifest.json')", Status.OK, ""),
    "endless-folders": (
        "fit",
        "for _ in range(1500): os.mkdir('a'); os.chdir('a')\ntime.sleep(600)",
        Status.DISK_FULL,
        "fit made more than 64 folders within each other",
    ),
    "deep-home": ("fit", "os.chdir('.home')\nfor _ in range(1500): os.mkdir('a'); os.chdir('a')", None, ""),
    "text-for-seconds": (
        "fit",
        "forge(child, lambda facts: facts | {'seconds_before': 'x'})",
        Status.INVALID_EVIDENCE,
        "fit says facts.seconds_before: expected float, got str",
    ),
    "less-than-nothing": (
        "fit",
        "forge(child, lambda facts: facts | {'parameters': -7})",
        Status.INVALID_EVIDENCE,
        "fit says facts.parameters: expected int >= 0",
    ),
    "faster-than-time": (
        "fit",
        "forge(child, lambda facts: facts | {'seconds_before': -1e6})",
        Status.INVALID_EVIDENCE,
        "fit says facts.seconds_before: expected float >= 0.0",
    ),
    "odd-curve": (
        "fit",
        "forge(codec, lambda value: {'points': [{'a': 'b'}]} if 'points' in value else value)",
        Status.INVALID_EVIDENCE,
        "the training curve is a list of points",
    ),
    "steals-the-alarm": ("fit", STEALS, Status.OK, ""),
    "closes-its-folder": ("fit", "os.chmod('.', 0)", Status.OK, ""),
    "escapes": (
        "fit",
        r"raise RuntimeError('\x1b]0;owned\x07\u202e')",
        Status.ERROR,
        r"RuntimeError: \x1b]0;owned\x07\u202e",
    ),
    "runs-no-clock": ("sample", FORGED, Status.NO_EVIDENCE, "its work did not begin and end once on the clock"),
    "draws-less": (
        "sample",
        "tell(at='lap', section='run')",
        Status.INVALID_EVIDENCE,
        "somebody marked a batch that was not",
    ),
    "surer-than-sure": (
        "log_prob",
        "densities.checked_nats = lambda nats, space, n: torch.full((n,), 1000.0).double().numpy()",
        Status.INVALID_EVIDENCE,
        "nats reach 1000, a probability above 1",
    ),
}


@pytest.fixture(scope="module")
def hostile(supervisor: Supervisor, plain: tiny.Run, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of all hostile plugins, and of the plain model after them."""
    out = tmp_path_factory.mktemp("hostile")
    (out / "secret").write_text("the password")
    data = cache / "data" / plain.record("plain").dataset.sha256
    asset = f'{{"t": genbench.Asset("{data}/test.x.npy", "{sha256_of(data / "test.x.npy")}", "nothing")}}'
    files = [_written(out, "asking", asset), _written(out, "hostile"), PLAIN]
    suite = tiny.write_suite(out, limit=4, quality="clipped-density", coverage="clipped-coverage")
    beside = {"jobs": 2, "afresh": True, "bounds": Bounds(patience=1000)}
    return tiny.run(supervisor, out, files, ["asking", *map(_doing, HARM), "plain"], suite, **beside)


def _written(folder: Path, name: str, assets: str = "{}") -> Path:
    """A plugin of one model that does every harm, as its setting says."""
    codes = {name: (where, code) for name, (where, code, *_) in HARM.items()}
    filled = {"name": name, "assets": assets, "secret": repr(str(folder / "secret")), "harm": repr(codes)}
    text = PLUGIN
    for place, value in filled.items():
        text = text.replace(f"{{{place}}}", value)
    (folder / f"{name}.py").write_text(text)
    return folder / f"{name}.py"


def _doing(harm: str) -> str:
    """The model that does this harm."""
    return f"hostile[harm={harm}]"


@pytest.mark.parametrize("name", HARM)
def test_harm_costs_its_own_candidate_and_is_told(hostile: tiny.Run, name: str):
    _, _, status, words = HARM[name]
    candidate = hostile.candidate(_doing(name))
    assert candidate.status is status or status is None
    assert words in (candidate.reason or "")
    assert "the password" not in json.dumps(codec.encoded(hostile.record(_doing(name))))


@pytest.mark.parametrize("name", ["plain", "real-held-out", "copycat"])
def test_whoever_runs_beside_and_after_them_has_the_same_numbers(hostile: tiny.Run, plain: tiny.Run, name: str):
    assert tiny.without_clocks(hostile.candidate(name)) == tiny.without_clocks(plain.candidate(name))


def test_the_test_split_is_nobodys_asset(hostile: tiny.Run):
    candidate = hostile.candidate("asking")
    assert candidate.status is Status.ERROR
    assert candidate.reason.endswith("lies among the data that models are held against")


def test_their_folders_can_be_run_again(hostile: tiny.Run, supervisor: Supervisor):
    out = hostile.root.parents[1]
    names = [*map(_doing, ("resume-is-a-link", "log-is-a-pipe", "manifest-is-a-folder"))]
    again = tiny.run(supervisor, out, [out / "hostile.py"], names, out / "tiny.toml", existing="retry-failed", jobs=2)
    assert again.candidate(names[2]).status is Status.OK
    assert {again.candidate(name).reason for name in names[:2]} == {"RuntimeError: x"}


def test_a_model_plugin_offers_models_and_nothing_else(supervisor: Supervisor, tmp_path: Path):
    suite = [{"name": "digits", "path": str(tmp_path / "digits.toml")}]
    metric = dict.fromkeys(("name", "description", "source", "title", "unit", "version"), "throughput")
    metric |= {"axis": "speed", "direction": "higher"}
    empty = {kind: [] for kind in (*catalogue.KINDS, "faults")}
    listing = empty | {"suites": suite, "metrics": [metric]}
    for index, forged in enumerate((listing, listing | {"metrics": []})):
        file = tmp_path / f"forging{index}.py"
        file.write_text(f"import os\nopen('facts.json', 'w').write({json.dumps(forged)!r})\nos._exit(0)\n")
        found = catalogue.read(supervisor, [str(file)])
        assert found.suite("digits").plugin.module == plugins.BUILTIN
        assert found.metric("throughput").listing.title == "Images/s"
        assert os.path.isabs(found.suite("digits").listing.path)
