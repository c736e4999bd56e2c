"""Plugins that mean harm: what they leave, say and take costs their own candidate, and is told in plain words."""

import json
import os
from pathlib import Path

import pytest
import tiny

from genbench import catalogue
from genbench.catalogue import plugins
from genbench.execution.supervisor import Supervisor
from genbench.files.atomic import sha256_of

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
PLUGIN = '''
import json, os, socket, stat, sys, time

import torch

import genbench
from genbench.processes import child
from genbench.stages import worker

STAGE = json.load(open("job.json"))["stage"]


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
    """Uniform pixels."""

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT
    assets = {assets}

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        {fit}

    def sample(self, n, *, labels=None):
        if STAGE == "sample":
            {sample}
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x):
        if STAGE == "density":
            {log_prob}
        return torch.full((len(x),), -180.0)


@genbench.hookimpl
def genbench_models():
    return [Hostile]
'''
STEALS = """if os.fork() == 0:
            os.setsid()
            while True:
                for descriptor in map(int, os.listdir("/proc/self/fd")):
                    try:
                        if descriptor > 2 and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                            os.read(descriptor, 4096)
                    except OSError:
                        pass
        time.sleep(0.5)"""
FORGED = """from safetensors.torch import save_file
            save_file({"x": torch.zeros((100, *self.space.shape), dtype=torch.uint8)}, "samples.safetensors")
            json.dump({"nfe": 1, "flops": 1, "device_memory": None, "conditional": False}, open("facts.json", "w"))
            os._exit(0)"""
HARM = {  # name: (where, code, status, words of the reason)
    "never-reads": (
        "fit",
        "[tell(at='ready', section='fit') for _ in range(5000)]; time.sleep(600)",
        "timeout",
        "past",
    ),
    "log-is-a-pipe": ("fit", "os.unlink('log.txt'); os.mkfifo('log.txt'); raise RuntimeError('x')", "error", "x"),
    "log-is-a-link": (
        "fit",
        "os.unlink('log.txt'); os.symlink({secret!r}, 'log.txt'); raise RuntimeError('x')",
        "error",
        "",
    ),
    "resume-is-a-link": (
        "fit",
        "os.rename('resume', 'old'); os.mkdir('x'); os.mkfifo('x/key'); os.symlink('x', 'resume'); "
        "raise RuntimeError('x')",
        "error",
        "RuntimeError: x",
    ),
    "odd-failure": (
        "fit",
        "json.dump({'status': []}, open('failure.json', 'w')); os._exit(1)",
        "no-evidence",
        "code 1",
    ),
    "odd-progress": (
        "fit",
        'os.write(markers(), b\'{"at": "progress", "images": 1, "share": 1\' + b\'0\' * 400 + b\'}\\n\'); '
        "tell(at='progress', images=10**400, share='nan'); tell(at='progress', images=-5, share=-1e308)",
        "ok",
        "",
    ),
    "manifest-is-a-folder": ("fit", "os.mkdir('manifest.json')", "ok", ""),
    "endless-folders": (
        "fit",
        "for _ in range(1500): os.mkdir('a'); os.chdir('a')\n        time.sleep(600)",
        "disk-full",
        "fit made more than 64 folders within each other",
    ),
    "deep-home": ("fit", "os.chdir('.home')\n        for _ in range(1500): os.mkdir('a'); os.chdir('a')", "", ""),
    "text-for-seconds": (
        "fit",
        "forge(child, lambda facts: facts | {'seconds_before': 'x'})",
        "invalid-evidence",
        "fit says seconds_before = 'x'",
    ),
    "less-than-nothing": (
        "fit",
        "forge(child, lambda facts: facts | {'seconds_before': -1e6, 'parameters': -7})",
        "invalid-evidence",
        "fit says seconds_before = -1000000.0",
    ),
    "odd-curve": (
        "fit",
        "forge(worker, lambda curve: [{'a': 'b'}])",
        "invalid-evidence",
        "the training curve is a list of points",
    ),
    "steals-the-alarm": ("fit", STEALS, "ok", ""),
    "closes-its-folder": ("fit", "os.chmod('.', 0)", "ok", ""),
    "escapes": (
        "fit",
        r"raise RuntimeError('\x1b]0;owned\x07\u202e')",
        "error",
        r"RuntimeError: \x1b]0;owned\x07\u202e",
    ),
    "runs-no-clock": ("sample", FORGED, "no-evidence", "its work was never begun and ended on the clock"),
    "draws-less": (
        "sample",
        "tell(at='lap', section='run')",
        "no-evidence",
        "batches on the clock, expected 2",
    ),
    "surer-than-sure": (
        "log_prob",
        "worker.checked_nats = lambda nats, space, n: torch.full((n,), 1000.0).double().numpy()",
        "invalid-evidence",
        "nats reach 1000, a probability above 1",
    ),
}


@pytest.fixture(scope="module")
def hostile(supervisor: Supervisor, plain: tiny.Run, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of all hostile plugins, and of the plain model after them."""
    out = tmp_path_factory.mktemp("hostile")
    (out / "secret").write_text("the password")
    data = cache / "data" / plain.record("plain")["dataset"]["sha256"]
    asset = f'{{"t": genbench.Asset("{data}/test.x.npy", "{sha256_of(data / "test.x.npy")}", "nothing")}}'
    files = [_written(out, "asks-for-the-test-split", "fit", "pass", asset)]
    for name, (where, code, *_) in HARM.items():
        files.append(_written(out, name, where, code.replace("{secret!r}", repr(str(out / "secret")))))
    suite = tiny.write_suite(out, limit=4, quality="clipped-density", coverage="clipped-coverage")
    names = [file.stem for file in files]
    return tiny.run(supervisor, out, [*files, PLAIN], [*names, "plain"], suite, jobs=2)


def _written(folder: Path, name: str, where: str, code: str, assets: str = "{}") -> Path:
    places = dict.fromkeys(("fit", "sample", "log_prob"), "pass") | {where: code}
    text = PLUGIN.replace("{name}", name).replace("{assets}", assets)
    for place, own in places.items():
        text = text.replace(f"{{{place}}}", own)
    (folder / f"{name}.py").write_text(text)
    return folder / f"{name}.py"


@pytest.mark.parametrize("name", HARM)
def test_harm_costs_its_own_candidate_and_is_told(hostile: tiny.Run, name: str):
    _, _, status, words = HARM[name]
    candidate = hostile.candidate(name)
    assert candidate["status"] == status or not status
    assert words in (candidate["reason"] or "")
    assert "the password" not in json.dumps(hostile.record(name))


@pytest.mark.parametrize("name", ["plain", "real-held-out", "copycat"])
def test_whoever_runs_beside_and_after_them_has_the_same_numbers(hostile: tiny.Run, plain: tiny.Run, name: str):
    assert tiny.without_clocks(hostile.candidate(name)) == tiny.without_clocks(plain.candidate(name))


def test_the_test_split_is_nobodys_asset(hostile: tiny.Run):
    candidate = hostile.candidate("asks-for-the-test-split")
    assert candidate["status"] == "error"
    assert candidate["reason"].endswith("lies among the data that models are held against")


def test_their_folders_can_be_run_again(hostile: tiny.Run, supervisor: Supervisor):
    out = hostile.root.parents[1]
    names = ["resume-is-a-link", "log-is-a-pipe", "manifest-is-a-folder"]
    files = [out / f"{name}.py" for name in names]
    again = tiny.run(supervisor, out, files, names, out / "tiny.toml", existing="retry-failed", jobs=2)
    assert again.candidate("manifest-is-a-folder")["status"] == "ok"
    assert {again.candidate(name)["reason"] for name in names[:2]} == {"RuntimeError: x"}


def test_a_model_plugin_offers_models_and_nothing_else(supervisor: Supervisor, tmp_path: Path):
    suite = [{"name": "digits", "path": str(tmp_path / "digits.toml")}]
    metric = dict.fromkeys(("name", "description", "source", "title", "unit", "axis", "direction"), "throughput")
    empty = {kind: [] for kind in (*catalogue.KINDS, "faults")}
    listing = empty | {"suites": suite, "metrics": [metric | {"uses_features": True}]}
    for index, forged in enumerate((listing, listing | {"metrics": []})):
        file = tmp_path / f"forging{index}.py"
        file.write_text(f"import os\nopen('facts.json', 'w').write({json.dumps(forged)!r})\nos._exit(0)\n")
        found = catalogue.read(supervisor, [str(file)])
        assert found.find("suites", "digits").plugin.module == plugins.BUILTIN
        assert found.find("metrics", "throughput").fields["title"] == "Images/s"
        assert os.path.isabs(found.find("suites", "digits").fields["path"])
