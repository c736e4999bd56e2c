"""Whatever a plugin does at whichever moment, its own candidate says so and its neighbours' numbers stay the same."""

from pathlib import Path

import pytest
import tiny

from genbench import catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import GRACE, Supervisor
from genbench.records.audits import AuditStatus
from genbench.records.score import MissingKind
from genbench.records.status import Status
from genbench.runs.conductor import Bounds

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
PLUGIN = '''
import ctypes, json, os, signal, sys, time

import torch

import genbench

STAGE = json.load(open("call.json"))["stage"]  # a stage runs in its own folder
CODES = {codes}


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")

{on_import}

class Faulty(genbench.Model, genbench.Density):
    """Uniform pixels, and a fault at one place."""

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space, *, fault: str = "none", at: str = "none"):
        super().__init__()
        self.space, self.fault, self.at = space, fault, at
        if STAGE == "fit":
            self.act("constructor")
        if STAGE == "sample":
            self.act("reload")

    def act(self, place, **names):
        if self.at == place:
            exec(CODES[self.fault], globals(), names)

    def fit(self, data):
        self.act("fit", data=data)

    def sample(self, n, *, labels=None):
        if STAGE == "sample":
            self.act("sample")
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x):
        if STAGE in ("audit", "density"):
            self.act(STAGE)
        return torch.full((len(x),), -181.4)  # a little below that of uniform noise on digits


@genbench.hookimpl
def genbench_models():
    return [Faulty]
'''
DEADLY = {  # fault: (code, status, words of the reason)
    "raises": ("raise RuntimeError('boom')", Status.ERROR, "RuntimeError: boom"),
    "exits": ("sys.exit(0)", Status.ERROR, "SystemExit: 0"),
    "vanishes": ("os._exit(0)", Status.NO_EVIDENCE, "exited with code 0 and left no result"),
    "segfaults": ("ctypes.string_at(0)", Status.CRASHED, "was ended by SIGSEGV"),
    "aborts": ("os.abort()", Status.CRASHED, "was ended by SIGABRT"),
    "kills-itself": ("os.kill(os.getpid(), 9)", Status.CRASHED, "was ended by SIGKILL"),
    "unprintable": ("raise Unprintable()", Status.ERROR, "(an exception whose text cannot be made)"),
    "no-base": ("raise BaseException('from below')", Status.ERROR, "BaseException: from below"),
    "lacks-memory": ("torch.empty(1 << 60)", Status.HOST_MEMORY, "can't allocate memory"),
    "lacks-device-memory": (
        "raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 9 GiB')",
        Status.DEVICE_MEMORY,
        "CUDA out of memory. Tried to allocate 9 GiB",
    ),
    "device-assert": (
        "raise RuntimeError('CUDA error: device-side assert triggered')",
        Status.ERROR,
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
PLACES = {"constructor": "fit", "fit": "fit", "reload": "sample", "sample": "sample"}  # → the stage that fails
STAGES = ("audit", "density")  # where a fault costs no candidate, but its density
FEW = ("raises", "exits", "segfaults", "unprintable")  # a fault of each nature
DEADLY_AT = [
    (fault, place)
    for fault in DEADLY
    for place in PLACES
    if place in ("fit", "sample") or fault in FEW  # the constructor runs in the fit, and after a reload
]
LIMIT = 2.0


def _plugin(folder: Path, name: str, on_import: str = "") -> Path:
    """A plugin of one model that has every fault at every place, as its settings say, or one in its import."""
    codes = {fault: code for fault, (code, *_) in DEADLY.items()} | VANDALS | HANGS
    path = folder / f"{name}.py"
    path.write_text(PLUGIN.replace("{codes}", repr(codes)).replace("{on_import}", on_import).replace("{name}", name))
    return path


def _at(fault: str, place: str, name: str = "faulty") -> str:
    """The model with this fault at this place."""
    return f"{name}[fault={fault},at={place}]"


@pytest.fixture(scope="module")
def faulty(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of every fault at every place, and of the plain model after all of them."""
    out = tmp_path_factory.mktemp("faulty")
    models = [_at(fault, place) for fault, place in DEADLY_AT]
    models += [_at(fault, "density") for fault in DEADLY] + [_at(fault, "audit") for fault in FEW]
    models += [_at(vandal, "fit") for vandal in VANDALS]
    suite = tiny.write_suite(out, quality="clipped-density", coverage="clipped-coverage")
    # A core's worth of jobs; the plain model comes last, after all of them. Nobody loses patience with so many deaths.
    beside = {"jobs": 2, "afresh": True, "bounds": Bounds(patience=1000)}
    return tiny.run(supervisor, out, [_plugin(out, "faulty"), PLAIN], [*models, "plain"], suite, **beside)


@pytest.fixture(scope="module")
def hanging(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of models that would never end, all at once, under a limit of 2 s."""
    out = tmp_path_factory.mktemp("hanging")
    models = [_at(fault, "fit") for fault in HANGS]
    models += [_at("sleeps", place) for place in ("reload", "sample", *STAGES)]
    beside = {"jobs": len(models), "bounds": Bounds(patience=1000)}
    return tiny.run(supervisor, out, [_plugin(out, "faulty")], models, tiny.write_suite(out, limit=LIMIT), **beside)


@pytest.mark.parametrize(("fault", "place"), DEADLY_AT)
def test_a_fault_fails_its_candidate_with_stage_reason_seconds_and_log(faulty: tiny.Run, fault: str, place: str):
    _, status, words = DEADLY[fault]
    candidate = faulty.candidate(_at(fault, place))
    assert (candidate.status, candidate.stage) == (status, PLACES[place])
    assert words in candidate.reason
    assert candidate.scores == {}
    assert candidate.elapsed > 0
    assert candidate.exit_code == CODES.get(fault, 1)
    assert candidate.log or fault in ("vanishes", "kills-itself")  # those two leave nobody to write one


@pytest.mark.parametrize("fault", DEADLY)
def test_a_fault_in_the_density_stage_is_shown_and_costs_the_likelihood_alone(faulty: tiny.Run, fault: str):
    candidate = faulty.candidate(_at(fault, "density"))
    assert candidate.status is Status.OK
    assert candidate.missing["bits-per-dim"].kind is MissingKind.FAILED
    assert DEADLY[fault][2] in candidate.missing["bits-per-dim"].reason
    assert "clipped-density@pixels" in candidate.scores


@pytest.mark.parametrize("fault", FEW)
def test_a_fault_in_the_audit_leaves_the_density_unaudited_with_its_reason(faulty: tiny.Run, fault: str):
    candidate = faulty.candidate(_at(fault, "audit"))
    assert candidate.status is Status.OK
    assert candidate.audits.status is AuditStatus.UNAUDITED
    assert DEADLY[fault][2] in candidate.audits.reason
    assert "bits-per-dim" in candidate.scores


@pytest.mark.parametrize(("fault", "words"), [("raises", "RuntimeError: boom"), ("segfaults", "Segmentation fault")])
def test_the_tail_of_the_log_says_where_it_happened(faulty: tiny.Run, fault: str, words: str):
    log = faulty.candidate(_at(fault, "fit")).log
    assert words in log
    assert "faulty.py" in log


@pytest.mark.parametrize("vandal", VANDALS)
def test_a_vandal_harms_itself_at_most(faulty: tiny.Run, vandal: str):
    assert faulty.candidate(_at(vandal, "fit")).status is Status.OK


@pytest.mark.parametrize("name", ["plain", "real-held-out", "copycat", "independent-pixels"])
def test_the_neighbours_of_faulty_plugins_are_equal_to_the_bit(faulty: tiny.Run, plain: tiny.Run, name: str):
    assert tiny.without_clocks(faulty.candidate(name)) == tiny.without_clocks(plain.candidate(name))


def test_every_fault_is_among_the_failed_and_nothing_else_is(faulty: tiny.Run):
    failed = {candidate.name for candidate in faulty.finished.failed}
    assert failed == {_at(fault, place) for fault, place in DEADLY_AT}


@pytest.mark.parametrize("fault", HANGS)
def test_a_model_that_hangs_is_stopped_at_its_limit(hanging: tiny.Run, fault: str):
    record = hanging.record(_at(fault, "fit"))
    fit, (candidate,) = record.stages["fit"], record.candidates
    assert (fit.status, fit.reason) == (Status.TIMEOUT, "fit ran past its limit of 2 s")
    assert LIMIT <= fit.seconds < LIMIT + GRACE + 2  # 2 s for a busy machine
    assert (candidate.status, candidate.stage) == (Status.TIMEOUT, "fit")


@pytest.mark.parametrize("place", ["reload", "sample"])
def test_a_sampler_that_hangs_is_stopped_at_its_limit(hanging: tiny.Run, place: str):
    candidate = hanging.candidate(_at("sleeps", place))
    assert (candidate.status, candidate.stage) == (Status.TIMEOUT, "sample")
    assert "sample ran past its limit of 2 s, in " in candidate.reason


def test_a_density_that_hangs_costs_the_likelihood_alone(hanging: tiny.Run):
    density, audit = (hanging.candidate(_at("sleeps", stage)) for stage in STAGES[::-1])
    assert density.status is audit.status is Status.OK
    assert "density ran past its limit of 2 s" in density.missing["bits-per-dim"].reason
    assert "audit ran past its limit of 2 s" in audit.audits.reason


def test_a_plugin_whose_import_fails_is_a_fault_of_the_catalogue_and_stops_no_other(
    supervisor: Supervisor, tmp_path: Path
):
    files = {name: _plugin(tmp_path, name, code) for name, (code, *_) in DEADLY.items()}
    found = catalogue.read(supervisor, [*map(str, files.values()), str(PLAIN)])
    reasons = {fault.plugin.name: fault.reason for fault in found.faults}
    assert set(reasons) == set(files)
    for name, (_, _, words) in DEADLY.items():
        assert reasons[name].startswith("cannot be imported: ")
        assert words in reasons[name]
    assert found.find("models", "plain").plugin.file == str(PLAIN)


def test_an_import_that_hangs_is_given_up(supervisor: Supervisor, tmp_path: Path):
    found = catalogue.read(supervisor, [str(_plugin(tmp_path, "sleeps", "time.sleep(600)"))], limit=1.0)
    assert [fault.reason for fault in found.faults] == ["cannot be imported: listing ran past its limit of 1 s"]


def test_asking_for_a_model_whose_plugin_is_broken_points_to_the_faults(supervisor: Supervisor, tmp_path: Path):
    file = _plugin(tmp_path, "raises", "raise RuntimeError('boom')")
    found = catalogue.read(supervisor, [str(file)])
    with pytest.raises(GenbenchError, match=r"no model is named 'raises'.*1 plugin fault: see genbench list models"):
        found.find("models", "raises")
