"""The grammar of the command line."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from genbench.errors import GenbenchError
from genbench.version import VERSION

KINDS = ("models", "datasets", "extractors", "metrics", "suites", "executors")

RUN_EXAMPLES = """\
examples:
  genbench run --all                         every installed model on the default suite, then the report
  genbench run --all --quick                 the same in minutes: one seed, a quarter of the budget
  genbench run -m vae -m "ddpm[steps=100]"   two models, one with a setting changed
  genbench run -m mine --plugin mine.py      a model in a loose file
  genbench run -m mine --plugin mine.py --debug
  genbench run --all --dry-run               the plan, with an estimate

The same command again runs only what is missing.
exit codes: 0 all candidates ok, 1 some failed, 2 wrong usage, 130 interrupted
"""

LIST_EXAMPLES = """\
examples:
  genbench list models
  genbench list metrics --json
  genbench list models --plugin mine.py
"""

PREPARE_EXAMPLES = """\
examples:
  genbench prepare fashion-mnist             into genbench's cache, where every run finds it
  genbench prepare cifar10 --data-root data
  genbench prepare inception-v3-compat       an extractor's weights

What is there already is not downloaded again; each file is checked against its published digest.
"""

SCORE_EXAMPLES = """\
examples:
  genbench score samples/ --dataset digits                  against a dataset's test split
  genbench score samples/ --reference real/ --train train/  against other images; is anything copied?
  genbench score samples.npz --reference real.npy --extractor pixels --scores fd,kid
  genbench score --features G.npy --reference S.npy         features that you already have

Samples are a folder of images (PNG; JPEG with a warning), or an array in a .npy, .npz or .safetensors file:
[N, H, W], [N, H, W, C] or [N, C, H, W], integers in [0, 255]. Where a dataset has another number of levels
(digits: 17), they are an array of integers in [0, levels).
The extractor is digits-net for digits, inception-v3-compat for other images of 256 levels (fd is then the FID),
else pixels; inception-v3-compat-64, -192 and -768 do with fewer images than FID's 2048 features ask for.
Without --scores the training split is read as well, for the verdict on memorisation and the scores that need it.
exit codes: 0 scored, 2 wrong usage, unusable input, or nothing that could be computed
"""

REPORT_EXAMPLES = """\
examples:
  genbench report leaderboards/digits/records --out reports/digits
  genbench report runs/digits --out /tmp/site
"""


DOCTOR_EXAMPLES = """\
examples:
  genbench doctor
  genbench doctor --json
"""


class _Parser(argparse.ArgumentParser):
    """Reports a usage error as one line, like every other error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise GenbenchError(f"{message} (see {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = _Parser(prog="genbench", description="A benchmark harness for deep generative models.")
    top.add_argument("--version", action="version", version=f"genbench {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_run(commands)
    _add_list(commands)
    _add_prepare(commands)
    _add_score(commands)
    _add_report(commands)
    _add_doctor(commands)
    return top


def _command(commands: "argparse._SubParsersAction[_Parser]", name: str, summary: str, examples: str) -> _Parser:
    return commands.add_parser(
        name, help=summary, description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def _add_run(commands: "argparse._SubParsersAction[_Parser]") -> None:
    run = _command(commands, "run", "train, sample, time and score models; write the leaderboard", RUN_EXAMPLES)
    what = run.add_argument_group("what")
    what.add_argument("--all", action="store_true", help="every discovered model")
    what.add_argument(
        "-m",
        "--model",
        dest="models",
        action="append",
        default=[],
        metavar="NAME[SETTING=VALUE,…]",
        help="a model, with settings where they differ from its defaults; may be repeated",
    )
    what.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE_OR_MODULE",
        help="a model plugin that is not installed; may be repeated",
    )
    what.add_argument("--suite", default="digits", metavar="NAME_OR_TOML", help="the protocol (default: digits)")
    what.add_argument("--seeds", type=int, metavar="N", help="training seeds per model (default: the suite's)")
    what.add_argument("--quick", action="store_true", help="the suite's quick form")
    _add_how(run.add_argument_group("how"))


def _add_how(how: "argparse._ArgumentGroup") -> None:
    how.add_argument("--device", default="auto", help="auto (the GPU where there is one), cpu, cuda, cuda:N, mps")
    how.add_argument("--jobs", type=int, metavar="N", help="steps beside each other (default: one per core or GPU)")
    how.add_argument("--executor", default="local", metavar="NAME", help="where steps run (default: local)")
    how.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="gets runs/ and reports/ (default: here)")
    how.add_argument(
        "--existing",
        default="reuse",
        metavar="reuse|retry-failed|force",
        help="what to do with earlier results of the same inputs (default: reuse)",
    )
    how.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a model plugin with an environment of its own; may be repeated",
    )
    how.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="seconds of fit, sample, audit, density, score; memory_gib, device_memory_gib, disk_gib, log_mib",
    )
    how.add_argument(
        "--isolation", default="auto", metavar="auto|process", help="how far plugins are confined (default: auto)"
    )
    add_sources(how)
    how.add_argument("--dry-run", action="store_true", help="print the plan with an estimate, run nothing")
    how.add_argument("--debug", action="store_true", help="one trial in this process, a debugger at the first error")
    how.add_argument("--json", action="store_true", help="the leaderboard, or the plan, as JSON on stdout")


def add_sources(to: "argparse._ArgumentGroup | argparse.ArgumentParser") -> None:
    """The options that say where data and weights lie which genbench does not ship."""
    to.add_argument(
        "--data-root", default="", metavar="DIR", help="copies of datasets (default: $GENBENCH_DATA, then the cache)"
    )
    to.add_argument(
        "--extractor-weights",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the weights of an extractor (default: the cache, torch's cache); FILE alone where one needs any",
    )


def _add_prepare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    prepare = _command(commands, "prepare", "download a dataset, or an extractor's weights", PREPARE_EXAMPLES)
    prepare.add_argument("name", help="of a dataset or an extractor (see genbench list)")
    prepare.add_argument("--data-root", default="", metavar="DIR", help="gets a dataset's files (default: the cache)")


def _add_list(commands: "argparse._SubParsersAction[_Parser]") -> None:
    listing = _command(commands, "list", "what is installed, and what is broken and why", LIST_EXAMPLES)
    listing.add_argument("kind", choices=KINDS, nargs="?", default="models", help="default: models")
    listing.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE_OR_MODULE",
        help="a model plugin that is not installed; may be repeated",
    )
    listing.add_argument("--json", action="store_true", help="as JSON on stdout")


def _add_score(commands: "argparse._SubParsersAction[_Parser]") -> None:
    score = _command(commands, "score", "score samples that you already have, no training", SCORE_EXAMPLES)
    score.add_argument("samples", nargs="?", metavar="SAMPLES", help="a folder of images, or an array file")
    against = score.add_argument_group("against what")
    against.add_argument("--dataset", default="", metavar="NAME", help="a dataset's test split (see genbench list)")
    against.add_argument("--reference", metavar="OTHER", help="a folder of images or an array file")
    against.add_argument("--train", metavar="OTHER", help="what the model was trained on, beside --reference")
    against.add_argument("--features", metavar="FILE", help="[N, d] floats instead of SAMPLES; the others then too")
    how = score.add_argument_group("how")
    how.add_argument("--extractor", default="", metavar="NAME", help="what makes the features (default: see below)")
    how.add_argument("--scores", default="", metavar="NAME,…", help="also: memorisation (default: all that apply)")
    how.add_argument("--device", default="auto", help="auto (the GPU where there is one), cpu, cuda, cuda:N, mps")
    add_sources(how)
    how.add_argument("--name", default="", help="of what is scored (default: the last part of its path)")
    how.add_argument("--json", action="store_true", help="the scores and their identity as JSON on stdout")


def _add_report(commands: "argparse._SubParsersAction[_Parser]") -> None:
    report = _command(commands, "report", "render the site from a folder of records", REPORT_EXAMPLES)
    report.add_argument("records", type=Path, help="a folder of record files, or a run's folder")
    report.add_argument("--out", type=Path, required=True, metavar="DIR", help="the site's folder")


def _add_doctor(commands: "argparse._SubParsersAction[_Parser]") -> None:
    doctor = _command(commands, "doctor", "what this machine can do, and what is missing", DOCTOR_EXAMPLES)
    doctor.add_argument("--json", action="store_true", help="as JSON on stdout")
