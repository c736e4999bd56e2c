"""Whatever a plugin does in whichever phase, its own candidate says so and its neighbours' numbers stay the same."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny

from genbench import catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import GRACE, Supervisor

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
PLUGIN = '''
import ctypes, json, os, signal, sys, time

import torch

import genbench

STAGE = json.load(open("job.json"))["stage"]  # a job runs in its own folder


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")

{on_import}

class Faulty(genbench.Model, genbench.Density):
    """Uniform pixels, and a fault in one phase."""

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space):
        super().__init__()
        self.space = space
        if STAGE == "fit":
            {constructor}
        if STAGE == "sample":
            {reload}

    def fit(self, data):
        {fit}

    def sample(self, n, *, labels=None):
        if STAGE == "sample":
            {sample}
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x):
        if STAGE == "audit":
            {audit}
        if STAGE == "density":
            {density}
        return torch.full((len(x),), -180.0)


@genbench.hookimpl
def genbench_models():
    return [Faulty]
'''
DEADLY = {  # fault: (code, status, words of the reason)
    "raises": ("raise RuntimeError('boom')", "error", "RuntimeError: boom"),
    "exits": ("sys.exit(0)", "error", "SystemExit: 0"),
    "vanishes": ("os._exit(0)", "no-evidence", "exited with code 0 and left no result"),
    "segfaults": ("ctypes.string_at(0)", "crashed(SIGSEGV)", "was ended by SIGSEGV"),
    "aborts": ("os.abort()", "crashed(SIGABRT)", "was ended by SIGABRT"),
    "kills-itself": ("os.kill(os.getpid(), 9)", "crashed(SIGKILL)", "was ended by SIGKILL"),
    "unprintable": ("raise Unprintable()", "error", "(an exception whose text cannot be made)"),
    "no-base": ("raise BaseException('from below')", "error", "BaseException: from below"),
    "lacks-memory": ("torch.empty(1 << 60)", "out-of-memory(host)", "can't allocate memory"),
    "lacks-device-memory": (
        "raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 9 GiB')",
        "out-of-memory(device)",
        "CUDA out of memory. Tried to allocate 9 GiB",
    ),
    "device-assert": (
        "raise RuntimeError('CUDA error: device-side assert triggered')",
        "error",
        "RuntimeError: CUDA error: device-side assert triggered",
    ),
}
CODES = {"vanishes": 0, "segfaults": -11, "aborts": -6, "kills-itself": -9}  # exit codes; of all others: 1
VANDALS = {  # what must not reach the next trial
    "zeroes-the-data": "data.train.x._array[:] = 0; data.valid.x._array[:] = 0",
    "changes-defaults": "torch.set_default_dtype(torch.float64); os.environ.clear(); torch.set_num_threads(2)",
    "patches": "torch.multinomial = torch.zeros; time.monotonic = time.perf_counter = lambda: 0.0",
    "forges-its-output": r"os.write(1, b'\xff{\"status\": \"ok\"}\n\x1b[2J'); os.write(2, b'\0' * 1000)",
}
HANGS = {
    "sleeps": "time.sleep(600)",
    "holds-the-gil": "ctypes.PyDLL(None).sleep(600)",
    "ignores-sigterm": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "prints": "while True: print('again', flush=True)",
}
PHASES = {"constructor": "fit", "fit": "fit", "reload": "sample", "sample": "sample"}  # → the record's phase
STAGES = ("audit", "density")  # where a fault costs no candidate, but its density
LIMIT = 2.0


def _plugin(folder: Path, name: str, phase: str, code: str) -> Path:
    places = dict.fromkeys(("on_import", *PHASES, *STAGES), "pass")
    path = folder / f"{name}.py"
    path.write_text(PLUGIN.format(name=name, **(places | {phase: code})))
    return path


def _name(fault: str, phase: str) -> str:
    return f"{fault}-in-{phase}"


@pytest.fixture(scope="module")
def faulty(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of every fault in every phase, and of the plain model after all of them."""
    out = tmp_path_factory.mktemp("faulty")
    files = [_plugin(out, _name(f, p), p, DEADLY[f][0]) for f in DEADLY for p in (*PHASES, *STAGES)]
    files += [_plugin(out, name, "fit", code) for name, code in VANDALS.items()]
    suite = tiny.write_suite(out, quality="clipped-density", coverage="clipped-coverage")
    # A core's worth of jobs; the plain model comes last, after all of them.
    return tiny.run(supervisor, out, [*files, PLAIN], [*(file.stem for file in files), "plain"], suite, jobs=2)


@pytest.fixture(scope="module")
def hanging(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of models that would never end, all at once, under a limit of 2 s."""
    out = tmp_path_factory.mktemp("hanging")
    files = [_plugin(out, name, "fit", code) for name, code in HANGS.items()]
    files += [_plugin(out, _name("sleeps", stage), stage, HANGS["sleeps"]) for stage in ("reload", "sample", *STAGES)]
    suite = tiny.write_suite(out, limit=LIMIT)
    return tiny.run(supervisor, out, files, [file.stem for file in files], suite, jobs=len(files))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("fault", DEADLY)
def test_a_fault_fails_its_candidate_with_phase_reason_seconds_and_log(faulty: tiny.Run, fault: str, phase: str):
    _, status, words = DEADLY[fault]
    candidate = faulty.candidate(_name(fault, phase))
    assert (candidate["status"], candidate["phase"]) == (status, PHASES[phase])
    assert words in candidate["reason"]
    assert candidate["scores"] == {}
    assert candidate["elapsed"] > 0
    assert candidate["exit_code"] == CODES.get(fault, 1)
    assert candidate["log"] or fault in ("vanishes", "kills-itself")  # those two leave nobody to write one


@pytest.mark.parametrize("fault", DEADLY)
def test_a_fault_in_the_density_stage_is_shown_and_costs_the_likelihood_alone(faulty: tiny.Run, fault: str):
    candidate = faulty.candidate(_name(fault, "density"))
    assert candidate["status"] == "ok"
    assert DEADLY[fault][2] in candidate["unavailable"]["bits-per-dim"]
    assert "clipped-density@pixels" in candidate["scores"]


@pytest.mark.parametrize("fault", DEADLY)
def test_a_fault_in_the_audit_leaves_the_density_unaudited_with_its_reason(faulty: tiny.Run, fault: str):
    candidate = faulty.candidate(_name(fault, "audit"))
    assert candidate["status"] == "ok"
    assert candidate["audits"]["status"] == "unaudited"
    assert DEADLY[fault][2] in candidate["audits"]["reason"]
    assert "bits-per-dim" in candidate["scores"]


@pytest.mark.parametrize(("fault", "words"), [("raises", "RuntimeError: boom"), ("segfaults", "Segmentation fault")])
def test_the_tail_of_the_log_says_where_it_happened(faulty: tiny.Run, fault: str, words: str):
    log = faulty.candidate(_name(fault, "fit"))["log"]
    assert words in log
    assert f"{_name(fault, 'fit')}.py" in log


@pytest.mark.parametrize("vandal", VANDALS)
def test_a_vandal_harms_itself_at_most(faulty: tiny.Run, vandal: str):
    assert faulty.candidate(vandal)["status"] == "ok"


@pytest.mark.parametrize("name", ["plain", "real-held-out", "copycat", "independent-pixels"])
def test_the_neighbours_of_faulty_plugins_are_equal_to_the_bit(faulty: tiny.Run, plain: tiny.Run, name: str):
    assert tiny.without_clocks(faulty.candidate(name)) == tiny.without_clocks(plain.candidate(name))


def test_every_fault_is_among_the_failed_and_nothing_else_is(faulty: tiny.Run):
    failed = {candidate["name"] for candidate in faulty.finished.failed}
    assert failed == {_name(fault, phase) for fault in DEADLY for phase in PHASES}


@pytest.mark.parametrize("model", HANGS)
def test_a_model_that_hangs_is_stopped_at_its_limit(hanging: tiny.Run, model: str):
    record = hanging.record(model)
    assert record["stages"]["fit"]["status"] == "timeout"
    assert record["stages"]["fit"]["reason"] == "fit ran past its limit of 2 s"
    assert LIMIT <= record["stages"]["fit"]["seconds"] < LIMIT + GRACE + 2  # 2 s for a busy machine
    assert record["candidates"][0]["status"] == "timeout"


@pytest.mark.parametrize("phase", ["reload", "sample"])
def test_a_sampler_that_hangs_is_stopped_at_its_limit(hanging: tiny.Run, phase: str):
    candidate = hanging.candidate(_name("sleeps", phase))
    assert (candidate["status"], candidate["phase"]) == ("timeout", "sample")
    assert "sample ran past its limit of 2 s, in " in candidate["reason"]


def test_a_density_that_hangs_costs_the_likelihood_alone(hanging: tiny.Run):
    density, audit = (hanging.candidate(_name("sleeps", stage)) for stage in ("density", "audit"))
    assert density["status"] == audit["status"] == "ok"
    assert "density ran past its limit of 2 s" in density["unavailable"]["bits-per-dim"]
    assert "audit ran past its limit of 2 s" in audit["audits"]["reason"]


def test_a_plugin_whose_import_fails_is_a_fault_of_the_catalogue_and_stops_no_other(
    supervisor: Supervisor, tmp_path: Path
):
    files = {name: _plugin(tmp_path, name, "on_import", code) for name, (code, _, _) in DEADLY.items()}
    found = catalogue.read(supervisor, [*map(str, files.values()), str(PLAIN)])
    reasons = {fault.plugin.name: fault.reason for fault in found.faults}
    assert set(reasons) == set(files)
    for name, (_, _, words) in DEADLY.items():
        assert reasons[name].startswith("cannot be imported: ")
        assert words in reasons[name]
    assert found.find("models", "plain").plugin.file == str(PLAIN)


def test_an_import_that_hangs_is_given_up(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue, "IMPORT_LIMIT", 1.0)
    found = catalogue.read(supervisor, [str(_plugin(tmp_path, "sleeps", "on_import", "time.sleep(600)"))])
    assert [fault.reason for fault in found.faults] == ["cannot be imported: listing ran past its limit of 1 s"]


def test_asking_for_a_model_whose_plugin_is_broken_points_to_the_faults(supervisor: Supervisor, tmp_path: Path):
    file = _plugin(tmp_path, "raises", "on_import", "raise RuntimeError('boom')")
    found = catalogue.read(supervisor, [str(file)])
    with pytest.raises(GenbenchError, match=r"no model is named 'raises'.*1 plugin fault: see genbench list models"):
        found.find("models", "raises")


def test_broken_plugins_are_listed_within_a_second(
    supervisor: Supervisor, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    codes = {"raises": DEADLY["raises"][0], "exits": DEADLY["exits"][0], "sleeps": HANGS["sleeps"]}
    info = site / "broken_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-models\nVersion: 1.0\n")
    lines = [f"{name} = broken_{name}\n" for name in codes]
    (info / "entry_points.txt").write_text("".join(["[genbench.models]\n", *lines]))
    for name, code in codes.items():
        (site / f"broken_{name}.py").write_text(f"import sys, time\n{code}\n")
    try:
        monkeypatch.setattr(catalogue, "IMPORT_LIMIT", 1.0)
        catalogue.read(supervisor)  # each is imported once, in a worker, and what came of it is remembered
        seconds = []
        for _ in range(3):  # the best of three: a shared machine is slow at times
            began = time.monotonic()
            command = [sys.executable, "-m", "genbench", "list", "models", "--json"]
            listed = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout)
            seconds.append(time.monotonic() - began)
    finally:
        (info / "entry_points.txt").unlink()
    assert min(seconds) < 1
    assert {fault["plugin"] for fault in listed["faults"]} >= set(codes)
    assert "gaussian" in {model["name"] for model in listed["models"]}
