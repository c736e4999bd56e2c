"""Suite files: what they may say, what is refused, and what makes two numbers comparable."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from genbench import builtin, catalogue as catalogues
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.protocol import suite_file as suite
from genbench.protocol.suite import Budget, Suite
from genbench.protocol.task import asked_in
from genbench.runs.plan import asked_of, find_suite

TOML = """\
name = "mine"
dataset = "digits"
images = 1000
batch = 20
seeds = 2
extractor = "digits-net"

[tasks.generate]
count = 60
scores = ["fd", "throughput"]

[tasks.generate.axes]
quality = "fd"
coverage = "fd"
speed = "throughput"
"""
OLD = """\
name = "mine"
dataset = "digits"
images = 1000
count = 60
batch = 20
seeds = 2
extractor = "digits-net"
scores = ["fd", "throughput"]

[axes]
quality = "fd"
coverage = "fd"
speed = "throughput"
"""
LAST = 'speed = "throughput"'


@pytest.fixture
def written(tmp_path):
    """`written(text)`: the path of a suite file with this text."""

    def write(text: str) -> Path:
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        return tmp_path / "mine.toml"

    return write


@pytest.mark.parametrize("path", builtin.genbench_suites(), ids=lambda path: path.stem)
def test_a_built_in_suite_reads_and_is_named_as_its_file(path):
    found = suite.read(path)
    assert found.notes == ()
    assert found.suite.name == path.stem
    assert found.suite.title != found.suite.name
    for terms in found.suite.tasks.values():
        assert set(terms.axes.values()) <= set(terms.scores)


@pytest.fixture(scope="module")
def catalogue():
    """The parts of genbench, and of the distributions whose suites are tested beside it."""
    with Supervisor() as supervisor:
        return catalogues.read(supervisor, [])


@pytest.mark.parametrize("path", builtin.genbench_suites(), ids=lambda path: path.stem)
def test_all_that_a_built_in_suite_names_is_there(path, catalogue):
    own = find_suite(path.stem, catalogue).suite
    asked = asked_of(own, catalogue)
    assert {one.name for one in asked} == set(own.tasks)
    assert all(len(one.solvers) == len(own.tasks[one.name].solvers) for one in asked)


@pytest.mark.parametrize("name", ["psnr", "psnr-mean", "ssim", "ece-15", "pair-rmse"])
def test_no_axis_rests_on_a_score_by_which_a_bad_answer_is_the_best(name, catalogue):
    terms = find_suite("fashion-mnist-small", catalogue).suite.tasks["box"]
    with pytest.raises(GenbenchError, match=rf"^\[tasks.box\] axes fidelity = {name}: the best {name} is .*another"):
        asked_in("box", replace(terms, scores=(name,), axes=dict.fromkeys(terms.axes, name)), catalogue)


def test_a_suite_may_begin_with_the_mark_that_editors_leave_and_another_encoding_is_named(written):
    path = written(TOML)
    path.write_bytes(b"\xef\xbb\xbf" + TOML.encode())
    assert suite.read(path).suite.name == "mine"
    path.write_bytes(TOML.encode("utf-16"))
    with pytest.raises(GenbenchError, match=r"it is no UTF-8; save it as UTF-8$"):
        suite.read(path)


def test_a_minimal_suite_has_defaults_for_the_rest(written):
    found = suite.read(written(TOML)).suite
    assert (found.title, found.threads, found.latency_seconds, found.checkpoint_seconds) == ("mine", 1, 5.0, 60.0)
    assert {found.limit(stage) for stage in ("fit", "sample", "audit", "answer", "stream", "density", "score")} == {
        3600
    }
    assert found.tasks["generate"].scores == ("fd", "throughput")
    assert (found.tasks["generate"].ask, found.tasks["generate"].solvers) == ("", ())
    assert (found.quick, found.python, found.caps, found.typical) == (None, {}, {}, {})


def test_a_limit_that_is_set_leaves_the_others(written):
    found = suite.read(written(TOML + "[limits]\nfit = 5")).suite
    assert (found.limit("fit"), found.limit("sample"), found.limit("score")) == (5, 3600, 3600)


@pytest.mark.parametrize("key", tomllib.loads(TOML.partition("[tasks")[0]))
def test_every_key_that_is_needed_is_asked_for(written, key):
    path = written("\n".join(line for line in TOML.splitlines() if not line.startswith(f"{key} =")))
    with pytest.raises(GenbenchError, match=f"^suite {path}: object missing required field {key}$"):
        suite.read(path)


@pytest.mark.parametrize("key", ["count", "scores"])
def test_every_key_that_a_task_needs_is_asked_for(written, key):
    path = written("\n".join(line for line in TOML.splitlines() if not line.startswith(f"{key} =")))
    with pytest.raises(GenbenchError, match=f"^suite {path}: tasks.generate: object missing required field {key}$"):
        suite.read(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images = 1000", "imgaes = 1000", r"unknown key imgaes \(known: batch, budget, caps, "),
        ("seeds = 2", "seeds = 2\nlatency_second = 3", r"unknown key latency_second \(known: .*latency_s"),
        ("count = 60", "count = 60\nsolver = ['slerp']", r"unknown key in \[tasks.generate\] solver \(known: "),
        ("images = 1000", "images = '1000'", "images: expected int, got str$"),
        ("images = 1000", "images = true", "images: expected int, got bool$"),
        ("images = 1000", "images = 0", "images: expected int >= 1, got 0$"),
        ("images = 1000", "images = 1.5", "images: expected int, got float$"),
        ("batch = 20", "batch = -1", "batch: expected int >= 1, got -1$"),
        ("count = 60", "count = 0", r"\[tasks.generate\] count is a number .*, at least 2: one has no spread; got 0$"),
        ("count = 60", "count = 1", "at least 2: one has no spread; got 1$"),
        ("count = 60", "count = -1", "tasks.generate.count: expected int >= 0, got -1$"),
        ('name = "mine"', 'name = "../mine"', r"name: expected str matching regex .*, got '../mine'$"),
        ('name = "mine"', 'name = "mine\\n"', r"name: expected str matching regex .*, got 'mine\\n'$"),
        ('name = "mine"', "name = 3", "name: expected str, got int$"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = -0.5", "latency_seconds: expected float >= 0.0, got -0.5$"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = inf", "latency_seconds: expected float <= 1e\\+18, got inf$"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = nan", "latency_seconds: expected float >= 0.0, got nan$"),
        ('scores = ["fd", "throughput"]', "scores = []", r"\[tasks.generate\] scores names no score$"),
        ('scores = ["fd", "throughput"]', "scores = [1]", r"tasks.generate.scores\[0\]: expected str, got int$"),
        (LAST, "", "tasks.generate.axes: expected object of length >= 3, got 2$"),
        (LAST, f'{LAST}\nbeauty = "fd"', "tasks.generate.axes: expected object of length <= 3, got 4$"),
        (LAST, "speed = 1", r"tasks.generate.axes.*: expected str, got int$"),
        (LAST, f"{LAST}\n[limits]\nfit = 0", "limits.fit: expected float > 0.0, got 0$"),
        (LAST, f"{LAST}\n[limits]\nfit = inf", "limits.fit: expected float < 1e\\+18, got inf$"),
        (LAST, f"{LAST}\n[typical]\nfit = nan", "typical.fit: expected float > 0.0, got nan$"),
        (LAST, f"{LAST}\n[caps]\nmemory = 3", r"unknown name 'memory' in \[caps\] \(known: memory_gib, device_memory_"),
        (LAST, f"{LAST}\n[caps]\nmemory_gib = 0", "caps.memory_gib: expected float > 0.0, got 0$"),
        (LAST, f"{LAST}\n[quick]\ncount = 3", r"unknown key in \[quick\] count \(known: density_rows, images, "),
        (LAST, f"{LAST}\n[quick]\nseeds = 0", "quick.seeds: expected int >= 1, got 0$"),
        (LAST, f"{LAST}\n[python]\nvae = 3", "python.vae: expected str, got int$"),
        ("seeds = 2", "seeds = ", "Invalid value"),
    ],
)
def test_a_wrong_line_is_refused_with_the_file_and_the_reason(written, old, new, message):
    assert old in TOML
    path = written(TOML.replace(old, new))
    with pytest.raises(GenbenchError, match=f"^suite {path}: .*{message}") as refused:
        suite.read(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", [TOML.partition("[tasks")[0], TOML.partition("[tasks")[0] + "tasks = {}"])
def test_a_suite_that_asks_nothing_is_refused(written, text):
    path = written(text)
    with pytest.raises(GenbenchError, match=f"^suite {path}: .*(missing required field tasks|it asks nothing)"):
        suite.read(path)


@pytest.mark.parametrize("name", ["../generate", "Generate", "a b", ""])
def test_the_name_of_a_task_is_one_of_a_folder(written, name):
    path = written(TOML.replace("[tasks.generate", f'[tasks."{name}"'))
    with pytest.raises(GenbenchError, match=rf"^suite {path}: a task's name matches \[a-z0-9\].*, got '{name}'$"):
        suite.read(path)


def test_the_old_form_is_read_with_one_line_that_says_how_to_write_it_anew(written):
    path = written(OLD)
    found = suite.read(path)
    note = f"suite {path}: count, scores, axes stand in a table [tasks.generate] now; write them there"
    assert found.notes == (note,)
    assert found.suite == suite.read(written(TOML)).suite


@pytest.mark.parametrize("key", ["count", "scores", "axes"])
def test_the_old_form_asks_for_all_of_its_keys(written, key):
    lines = OLD.partition("[axes]")[0].splitlines() if key == "axes" else OLD.splitlines()
    path = written("\n".join(line for line in lines if not line.startswith(f"{key} =")))
    with pytest.raises(GenbenchError, match=f"^suite {path}: tasks.generate: object missing required field {key}$"):
        suite.read(path)


def test_an_old_key_beside_the_tasks_is_refused(written):
    path = written(TOML.replace("seeds = 2", "seeds = 2\ncount = 60"))
    with pytest.raises(GenbenchError, match=f"^suite {path}: unknown key count "):
        suite.read(path)


def test_a_suite_may_ask_several_tasks_and_the_first_one_comes_first(written):
    more = '[tasks.between]\nask = "interpolate[frames=5]"\nsolvers = ["slerp"]\ncount = 9\nscores = ["end-rmse"]\n'
    axes = 'axes = { fidelity = "end-rmse", realism = "end-rmse", speed = "end-rmse" }\n'
    found = suite.read(written(TOML + more + axes)).suite
    assert list(found.tasks) == ["generate", "between"]
    between = found.tasks["between"]
    assert (between.ask, between.solvers, between.count) == ("interpolate[frames=5]", ("slerp",), 9)


def test_a_task_says_how_many_questions_a_call_takes_and_is_another_exam_then(written):
    found = suite.read(written(TOML.replace("[tasks.generate]", "[tasks.generate]\nbatch = 7"))).suite
    terms, usual = found.tasks["generate"], suite.read(written(TOML)).suite.tasks["generate"]
    assert (terms.batch, usual.batch) == (7, None)
    assert terms.exam("generate") == f"generate, {terms.count} questions, 7 a call" != usual.exam("generate")
    with pytest.raises(GenbenchError, match=r"\[tasks.generate\] batch is a number of questions, at least 1; got 0"):
        suite.read(written(TOML.replace("[tasks.generate]", "[tasks.generate]\nbatch = 0")))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    for name in ("absent.toml", "bytes.toml", "."):
        with pytest.raises(GenbenchError, match=f"^suite {tmp_path / name}: "):
            suite.read(tmp_path / name)


def test_the_quick_form_is_another_protocol_with_another_name(written):
    text = TOML + "[quick]\nimages = 100\nseeds = 1\n[typical]\nfit = 60\nscore = 3\n"
    found = suite.read(written(text)).suite
    quick = found.quickened()
    assert (quick.name, quick.images, quick.seeds, quick.tasks) == ("mine-quick", 100, 1, found.tasks)
    assert (quick.latency_seconds, quick.typical) == (5.0, {"fit": 6.0, "score": 3.0})
    assert quick.protocol("sha") != found.protocol("sha")
    with pytest.raises(GenbenchError, match=r"suite mine-quick has no \[quick\] table"):
        quick.quickened()


def test_the_quick_form_may_ask_less(written):
    more = '[quick]\ndensity_rows = 7\ntasks = ["other"]\n'
    text = TOML + TOML[TOML.index("[tasks.generate]") :].replace("generate", "other") + more
    found = suite.read(written(text)).suite
    assert (list(found.tasks), found.density_rows) == (["generate", "other"], 0)
    assert (list(found.quickened().asking(()).tasks), found.quickened().density_rows) == (["other"], 7)
    assert list(found.quickened().asking(["generate"]).tasks) == ["generate"]
    with pytest.raises(GenbenchError, match=r"unknown task 'third' in \[quick\] \(known: generate, other\)"):
        suite.read(written(text.replace('["other"]', '["third"]')))


def test_a_suite_asks_its_default_tasks_or_those_that_are_named(written):
    more = TOML[TOML.index("[tasks.generate]") :].replace("generate", "other")
    found = suite.read(written(TOML + more)).suite
    assert list(found.asking(()).tasks) == ["generate", "other"]  # none is named: all
    found = suite.read(written('default_tasks = ["generate"]\n' + TOML + more)).suite
    assert list(found.asking(()).tasks) == ["generate"]
    assert list(found.asking(["other"]).tasks) == ["other"]
    assert list(found.asking(["other", "generate"]).tasks) == ["generate", "other"]  # the suite's own order
    assert list(found.asking(["all"]).tasks) == ["generate", "other"]
    assert found.asking(["other"]).protocol("sha") == found.protocol("sha")
    with pytest.raises(GenbenchError, match=r"no task is named 'othr'; did you mean 'other'\? \(known: all, generate"):
        found.asking(["othr"])
    with pytest.raises(GenbenchError, match=r"unknown task 'third' in default_tasks \(known: generate, other\)"):
        suite.read(written('default_tasks = ["third"]\n' + TOML + more))
    with pytest.raises(GenbenchError, match=r"a task's name matches .* and is not 'all', got 'all'"):
        suite.read(written(TOML + more.replace("other", "all")))


def test_a_budget_in_cpu_seconds_is_a_protocol_of_its_own(written):
    plain, found = (suite.read(written(TOML + table)).suite for table in ("", "[budget]\nseconds_cpu = 60\n"))
    assert (plain.budget, plain.terms.seconds_cpu) == (None, None)
    assert (found.budget, found.terms.seconds_cpu) == (Budget(60.0), 60.0)
    other = suite.read(written(TOML + "[budget]\nseconds_cpu = 61\n")).suite
    assert len({one.protocol("sha") for one in (plain, found, other)}) == 3


def test_the_quick_form_changes_a_budget_in_cpu_seconds_where_there_is_one(written):
    quick = "[quick]\nseconds_cpu = 6\n"
    found = suite.read(written(f"{TOML}[budget]\nseconds_cpu = 60\n{quick}")).suite
    assert found.quickened().budget == Budget(6.0)
    with pytest.raises(GenbenchError, match=r"\[quick\] seconds_cpu changes a \[budget\], and there is none"):
        suite.read(written(TOML + quick))


@pytest.mark.parametrize("line", ["seconds_cpu = 0", "seconds = 3", ""])
def test_a_budget_names_positive_cpu_seconds(written, line):
    with pytest.raises(GenbenchError, match="budget"):
        suite.read(written(f"{TOML}[budget]\n{line}\n"))


def test_the_quick_form_may_time_no_latency(written):
    assert suite.read(written(TOML + "[quick]\nlatency_seconds = 0\n")).suite.quickened().latency_seconds == 0
    assert suite.read(written(TOML + "[quick]\nrun_seconds = 0.5\n")).suite.quickened().run_seconds == 0.5


@pytest.mark.parametrize(
    ("changes", "comparable"),
    [
        ({"images": 1001}, False),
        ({"batch": 21}, False),
        ({"title": "Another", "seeds": 9, "limits": {}, "extractor": "pixels", "threads": 2}, True),
    ],
)
def test_data_budget_and_batch_alone_make_the_protocol(written, changes, comparable):
    found = suite.read(written(TOML)).suite
    assert (replace(found, **changes).protocol("sha") == found.protocol("sha")) is comparable
    assert found.protocol("another") != found.protocol("sha")


def test_a_suite_is_plain_json(written):
    found = suite.read(written(TOML)).suite
    plain = json.loads(json.dumps(codec.encoded(found), allow_nan=False))
    assert plain["tasks"]["generate"]["scores"] == ["fd", "throughput"]
    assert codec.decoded(Suite, plain) == found


def test_a_record_is_told_every_term_and_the_caps_that_counted(written):
    terms = suite.read(written(TOML + "[caps]\ndisk_gib = 1\n")).suite.terms
    assert (terms.images, terms.batch, terms.seeds, terms.extractor) == (1000, 20, 2, "digits-net")
    assert terms.caps == {"memory_gib": 8.0, "device_memory_gib": 16.0, "disk_gib": 1.0, "log_mib": 16.0}
    assert terms.checkpoint_seconds == 60.0


def test_interpreters_lie_where_the_suites_file_says(written, tmp_path):
    path = written(TOML + '[python]\nvae = "venv/bin/python"\nddpm = "/opt/python"\n')
    assert suite.read(path).suite.python == {"vae": str(tmp_path / "venv/bin/python"), "ddpm": "/opt/python"}


def test_caps_are_told_in_gib_and_mib_and_kept_in_bytes(written):
    found = suite.read(written(TOML + "[caps]\ndevice_memory_gib = 3\nlog_mib = 2\n")).suite
    endless = found.limited(["disk_gib=1e30", "memory_gib=1e17"], ["fit"]).job_caps
    assert endless.disk == endless.memory == 10**18 < 2**63  # what the kernel's limits hold
    caps = found.limited(["memory_gib=0.5"], ["fit"]).job_caps
    assert (caps.memory, caps.device_memory, caps.disk, caps.log) == (2**29, 3 * 2**30, 4 * 2**30, 2**21)


def test_a_limit_of_the_command_line_goes_before_the_suites(written):
    found = suite.read(written(TOML + "[limits]\nfit = 5\n")).suite.limited(["fit=7", "score=0.5"], ["fit", "score"])
    assert (found.limit("fit"), found.limit("score"), found.limit("sample")) == (7, 0.5, 3600)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train=3", r"--limit takes NAME=VALUE with a name of fit, score, memory_gib, .*log_mib, got 'train=3'"),
        ("fit", "--limit fit takes a positive number, got ''"),
        ("fit=", "--limit fit takes a positive number, got ''"),
        ("fit=x", "--limit fit takes a positive number, got 'x'"),
        ("fit=0", "--limit fit takes a positive number, got '0'"),
        ("fit=inf", "--limit fit takes a positive number, got 'inf'"),
        ("memory_gib=nan", "--limit memory_gib takes a positive number, got 'nan'"),
        ("=3", "--limit takes NAME=VALUE"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(written, text, message):
    with pytest.raises(GenbenchError, match=f"^{message}"):
        suite.read(written(TOML)).suite.limited([text], ["fit", "score"])
