"""In a run a plugin's process reads what its stage's inputs name and nothing else, and no secret before "go"."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from genbench.contracts.job import CALL, Call
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.protocol.stages.density import DENSITY, DensityInputs
from genbench.protocol.stages.judgement import judged
from genbench.records.files import read
from genbench.records.status import Status
from genbench.seeds import derived

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
ANSWERS = """
[tasks.interpolate]
count = 6
solvers = ["slerp"]
scores = ["path-energy", "parameters", "throughput"]
axes = { fidelity = "path-energy", realism = "parameters", speed = "throughput" }
"""
MODEL = """

class Model(genbench.Model, genbench.Density, genbench.Latent):
    __doc__ = {doc}

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"
    likelihood = genbench.Likelihood.EXACT
    needs = {needs}

    def __init__(self, space, *, stage: str = "none"):
        super().__init__()
        self.space = space
        {constructor}

    @property
    def latent_dim(self):
        return self.space.dim

    def fit(self, data):
        pass

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x):
        return torch.full((len(x),), -180.0)

    def encode(self, x):
        return x.flatten(1).float()

    def render(self, z):
        return z.view(-1, *self.space.shape).clamp(0, self.space.levels - 1)


@genbench.hookimpl
def genbench_models():
    return [Model]
"""
PEEKS = (
    """
import json, os
from pathlib import Path

import torch

import genbench

PLACES = {places}


def seen(place):
    path = Path(place)
    try:
        return bool(path.is_dir() and os.listdir(path) or path.read_bytes()[:1])
    except OSError:
        return False


def reached(roots):
    # All that can be read below some folders and of the processes, in one text.
    walks = [walk for root in roots for walk in os.walk(root)]
    files = [Path(base) / name for base, _, names in walks for name in names if name != "reached.txt"]
    files += [path for name in ("environ", "cmdline") for path in Path("/proc").glob(f"[0-9]*/{name}")]
    texts = [repr(dict(os.environ))]
    for path in files:
        try:
            texts.append(path.read_bytes().decode("latin-1"))
        except OSError:
            pass
    return "\\n".join(texts)


SEEN = sorted(name for name, place in PLACES.items() if seen(place))
"""
    + MODEL
)
PEEKED = """Path("seen.json").write_text(json.dumps(SEEN))
        print(stage)
        Path("reached.txt").write_text(reached({roots}))"""
EARLY = (
    """
import json, os, stat
from pathlib import Path

import torch

import genbench

STAGE = json.load(open("call.json"))["stage"]


def told(section):
    # What the parent answers to a section's beginning; asked without the worker's knowledge.
    opened = [d for d in range(3, 256) if os.path.exists(f"/proc/self/fd/{d}")]
    socket = next(d for d in opened if stat.S_ISSOCK(os.fstat(d).st_mode))
    os.write(socket, json.dumps({"at": "ready", "section": section}).encode() + b"\\n")
    answer = b""
    while not answer.endswith(b"\\n"):
        answer += os.read(socket, 256)
    return answer.decode()
"""
    + MODEL
)
ASKS = """if STAGE == stage:
            section = "density" if STAGE == "density" else "run"
            Path("told.json").write_text(json.dumps([told(section), told(section)]))"""
TRAINING = {"train.x", "train.y", "valid.x", "valid.y"}
READ = {  # stage → what its inputs name, of all that the plugin looks for
    "fit": TRAINING | {"space"},
    "sample/default": {"train.y", "space", "checkpoint", "check"},
    "audit": {"space", "checkpoint", "samples"},
    "answer/interpolate/slerp": {"space", "checkpoint", "questions", "others to warm up with"},
    "density/first": {"space", "checkpoint", "stream"},
}
TIMED = {"sample": "sample/default", "answer": "answer/interpolate/slerp", "density": "density/first"}


def _places(out: Path, data: Path) -> dict[str, Path]:
    """What the plugin looks for: name → path."""
    root, own = out / "runs/tiny", out / "runs/tiny/peeking.default.0"
    splits = [f"{split}.{part}" for split in ("train", "valid", "test", "held") for part in ("x", "y")]
    return {
        **{name: data / f"{name}.npy" for name in splits},
        "space": data / "dataset.json",
        "a note among the data": data / "notes.txt",
        "features of all splits": data.parents[1] / "features/all.npy",
        "the cache": data.parents[1],
        "the run's secret": root / ".secret",
        "the executor's jobs": root / ".jobs/job.json",
        "another's record": root / "plain.default.0/record.json",
        "another's checkpoint": root / "plain.default.0/fit/checkpoint.safetensors",
        "its own log": own / "fit/log.txt",
        "checkpoint": own / "fit/checkpoint.safetensors",
        "check": own / "fit/check.safetensors",
        "samples": own / "sample/default/samples.safetensors",
        "questions": root / "exams/interpolate/questions/questions.safetensors",
        "others to warm up with": root / "exams/interpolate/warm-up/questions.safetensors",
        "key": root / "exams/interpolate/key/key.safetensors",
        "exam": root / "exams/interpolate/manifest.json",
        "stream": own / "stream/first.safetensors",
        "the other half": own / "stream/second.safetensors",
        "the stream's key": own / "stream/key.safetensors",
    }


@pytest.fixture(scope="module")
def planted(plain: tiny.Run, cache: Path) -> Iterator[Path]:
    """The folder of the data, with files in it and in the cache that no stage's inputs name; they go at the end."""
    data = cache / "data" / plain.record("plain").dataset.sha256
    (cache / "features").mkdir(exist_ok=True)
    files = [data / "notes.txt", cache / "features/all.npy"]
    for file in files:
        file.write_text("x")
    yield data
    for file in files:
        file.unlink()


def _ran(supervisor: Supervisor, out: Path, data: Path, *others: str, needs: str = "()", **options: object) -> tiny.Run:
    """A finished run of a model that peeks, after the plain one, and of others."""
    places = {name: str(path) for name, path in _places(out, data).items()}
    suite = tiny.write_suite(out)
    suite.write_text(suite.read_text() + ANSWERS)
    files = [out / "peeking.py", out / "early.py"]
    constructor = PEEKED.replace("{roots}", repr([str(out), str(data.parents[1])]))
    for path, text, own, doc in ((files[0], PEEKS, constructor, "str(SEEN)"), (files[1], EARLY, ASKS, "'Asks.'")):
        filled = {"{places}": repr(places), "{needs}": needs, "{doc}": doc, "{constructor}": own, "{name}": path.stem}
        for name, value in filled.items():
            text = text.replace(name, value)
        path.write_text(text)
    (out / "runs/tiny/.jobs").mkdir(parents=True)
    (out / "runs/tiny/.jobs/job.json").write_text("{}")
    models = ["plain", "peeking", *others]
    return tiny.run(supervisor, out, [PLAIN, *files], models, suite, jobs=1, **options)


@pytest.fixture(scope="module")
def confined(supervisor: Supervisor, planted: Path, site: Path) -> tiny.Run:
    """Such a run under all guards, in a folder that lies on Python's path, and of a model that asks early."""
    out = site / "project"
    out.mkdir()
    return _ran(supervisor, out, planted, *(f"early[stage={stage}]" for stage in TIMED))


@pytest.fixture(scope="module")
def open_run(supervisor: Supervisor, planted: Path, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """Such a run without confinement."""
    return _ran(supervisor, tmp_path_factory.mktemp("open"), planted, isolation="process")


def _seen(run: tiny.Run, step: str) -> set[str]:
    return set(json.loads((run.root / "peeking.default.0" / step / "seen.json").read_text()))


def _secrets(run: tiny.Run, model: str, step: str) -> dict[str, str]:
    """Everything from which a step's scored draws could be foreseen."""
    trial = run.record(model).secret
    return {"the run's": tiny.SECRET, "the trial's": trial, "the step's": derived(trial, step)}


@pytest.mark.parametrize("step", READ)
def test_a_stage_reads_what_its_inputs_name_and_nothing_else(confined: tiny.Run, step: str):
    assert confined.record("peeking").machine.isolation.startswith("landlock")
    assert confined.record("peeking").stages[step].status is Status.OK
    assert _seen(confined, step) == READ[step]


@pytest.mark.parametrize("step", READ)
def test_without_confinement_it_reads_everything_that_is_there(open_run: tiny.Run, planted: Path, step: str):
    assert open_run.record("peeking").machine.isolation == "process"
    # Were not there yet when the first stage looked.
    own = {"its own log", "checkpoint", "check", "samples", "stream", "the other half", "the stream's key"}
    assert _seen(open_run, step) | own == set(_places(open_run.root.parents[1], planted))


def test_a_listing_reads_nothing_that_a_later_stage_could_be_told(confined: tiny.Run):
    # What a listing says (a default, say) reaches every stage of the model.
    assert confined.record("peeking").model.description == "[]"


def test_who_asked_for_all_files_reads_them_and_the_record_says_so(
    supervisor: Supervisor, planted: Path, tmp_path: Path
):
    run = _ran(supervisor, tmp_path, planted, needs="('files',)")
    assert {"test.x", "the run's secret"} <= _seen(run, "fit")
    assert run.record("peeking").model.needs == ("files",)


@pytest.mark.parametrize("step", READ)
def test_no_secret_can_be_found_before_go(confined: tiny.Run, step: str):
    found = (confined.root / "peeking.default.0" / step / "reached.txt").read_text()
    assert f'"stage": "{step.partition("/")[0]}"' in found  # it did read what it was told
    assert [name for name, secret in _secrets(confined, "peeking", step).items() if secret in found] == []


def test_without_confinement_the_runs_secret_is_found(open_run: tiny.Run):
    found = (open_run.root / "peeking.default.0/sample/default/reached.txt").read_text()
    assert tiny.SECRET in found
    assert derived(open_run.record("peeking").secret, "sample/default") not in found  # nobody writes it down


@pytest.mark.parametrize("stage", TIMED)
def test_who_asks_early_and_twice_is_told_once_and_leaves_no_evidence(confined: tiny.Run, stage: str):
    reference, step = f"early[stage={stage}]", TIMED[stage]
    record = confined.record(reference)
    (folder,) = (path.parent for path in confined.root.glob("*/record.json") if read(path) == record)
    told = json.loads((folder / step / "told.json").read_text())
    secret = derived(record.secret, step)
    first = {derived(secret, "batch", 0), derived(secret, "further", 0)} if stage != "density" else {secret}
    assert told[0].removeprefix("0 ").strip() in first
    assert told[1:] == ["0 \n"]
    ended = record.stages[step]
    if stage == "density":
        assert ended.status is Status.NO_EVIDENCE
        assert "did not begin and end once on the clock" in ended.reason
    else:
        assert (ended.status, ended.reason) == (Status.INVALID_EVIDENCE, "somebody began the run before it began")


def test_without_the_clocks_word_a_secret_that_was_taken_early_would_count(confined: tiny.Run, supervisor: Supervisor):
    folder = next(confined.root.glob("early.*/density/first/told.json")).parent
    call = codec.read(Call, folder / CALL)
    inputs, outcome = codec.decoded(DensityInputs, call.inputs), supervisor.run(call)
    assert judged(DENSITY, inputs, outcome, folder, []).status is Status.NO_EVIDENCE
    assert judged(replace(DENSITY, timed=""), inputs, outcome, folder, []).status is Status.OK
