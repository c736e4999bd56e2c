"""`genbench score`: score samples that somebody already has, no training."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, Parser, a_path, add_command, add_device, add_json, add_sources

if TYPE_CHECKING:
    from genbench.appraisal import Appraisal, Identity

EXAMPLES = """\
examples:
  genbench score samples/ --dataset digits                  against a dataset's test split
  genbench score samples/ --reference real/ --train train/  against other images; is anything copied?
  genbench score samples.npz --reference real.npy --extractor pixels --scores fd,kid
  genbench score --features G.npy --reference S.npy         features that you already have
  genbench score samples/ --dataset cifar10 --against train      the whole training set, as most papers do
  genbench score samples/ --reference stats.npz                  mu and sigma, as others publish them: fd alone
  genbench score samples/ --reference real/ --resize bicubic     images of another size; :SIDE resizes both sides
  genbench score samples/ --dataset cifar10 --fail-if fd>5       quote the condition; exit code 3 where it is so
  genbench score s.npy --suite digits --as mine --record all/mine.0.json   a candidate without a model, for a board

Samples are a folder of images (PNG; JPEG with a warning), or an array in a .npy, .npz, .pt or .safetensors file:
[N, H, W], [N, H, W, C] or [N, C, H, W], integers in [0, 255]. Where a dataset has another number of levels
(digits: 17), they are an array of integers in [0, levels).
The extractor is digits-net for digits, inception-v3-compat for other images of 256 levels (fd is then the FID),
else pixels; inception-v3-compat-64, -192 and -768 do with fewer images than FID's 2048 features ask for.
Without --scores the training split is read as well, for the verdict on memorisation and the scores that need it.
fd-infinity, mind, fld and copy-auc take long or are seldom read: name them, or say --all-scores.
With --record the suite says what is scored and how many samples there are; the record joins others in one folder
(genbench report all). Such a candidate is marked, has no speed, and decides no verdict.
exit codes: 0 scored, 2 wrong usage, unusable input, or nothing that could be computed, 3 what --fail-if says is so,
or cannot be told
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "score", "score samples that you already have, no training", EXAMPLES, scored)
    parser.add_argument("samples", nargs="?", metavar="SAMPLES", help="a folder of images, or an array file")
    _add_against(parser)
    _add_how(parser)
    _add_board(parser)


def _add_board(parser: Parser) -> None:
    board = parser.add_argument_group("for a board, as a candidate without a model")
    board.add_argument("--suite", default="", metavar="SUITE", help="whose board: a name or a TOML file")
    board.add_argument("--task", default="", metavar="NAME", help="of the suite (default: its first of samples)")
    board.add_argument("--as", default="", dest="as_", metavar="NAME", help="what the board calls it")
    board.add_argument("--seed", type=int, default=0, help="of the training that they came from (default: 0)")
    board.add_argument("--record", type=a_path, metavar="FILE", help="where the record is written")


def _add_against(parser: Parser) -> None:
    against = parser.add_argument_group("against what")
    against.add_argument("--dataset", default="", metavar="NAME", help="a dataset's test split (see genbench list)")
    against.add_argument(
        "--against", default="", metavar="PART", help="test (default) or train, its whole training set"
    )
    against.add_argument("--reference", metavar="OTHER", help="images, an array, or statistics: mu, sigma")
    against.add_argument("--train", metavar="OTHER", help="what the model was trained on, beside --reference")
    against.add_argument("--features", metavar="FILE", help="[N, d] floats instead of SAMPLES; the others then too")
    against.add_argument("--protocol", default="", metavar="NAME", help="fid-50k-train: how the literature compares")


def _add_how(parser: Parser) -> None:
    how = parser.add_argument_group("how")
    how.add_argument("--extractor", default="", metavar="NAME", help="what makes the features (default: see below)")
    how.add_argument("--scores", default="", metavar="NAME,…", help="also: memorisation (default: the core)")
    beyond = "all that apply, also those that take long or are seldom read"
    how.add_argument("--all-scores", action="store_true", help=beyond)
    how.add_argument("--resize", default="", metavar="NAME", help="tf1-bilinear, bicubic, centre-crop, centre-square")
    how.add_argument("--upright", action="store_true", help="turn images as their EXIF orientation says (else refused)")
    how.add_argument("--key", default="", metavar="NAME", help="of the samples' array in a file that holds several")
    add_device(how)
    add_sources(how)
    how.add_argument("--name", default="", help="of what is scored (default: the last part of its path)")
    how.add_argument("--per-class", action="store_true", help="each class as well, where labels are known or predicted")
    how.add_argument(
        "--fail-if", action="append", default=[], metavar="CONDITION", help='exit with 3 where it is so, as "fd>5"'
    )
    add_json(how, "the scores and their identity as JSON on stdout")


def scored(options: Namespace) -> Exit:
    """Print the scores of some samples, the verdict on memorisation, and what was compared with what."""
    if options.record or options.as_ or options.suite or options.task:
        from genbench.cli.standing import recorded

        return recorded(options)
    found = _appraised(options)
    from genbench.cli.printing import print_json, tell

    for warning in found.warnings:
        tell(f"warning: {warning}")
    if options.json:
        print_json(found.to_json())
    else:
        _show(found)
    for condition in found.come_true:
        tell(condition)
    return Exit.UNMET if found.come_true else Exit.OK


def _appraised(options: Namespace) -> "Appraisal":
    from genbench.appraisal.request import Request

    request = Request(**{name: getattr(options, name) for name in Request.__dataclass_fields__})
    from genbench.appraisal.session import appraised  # torch takes seconds, and a slip is told before
    from genbench.cli.appraising import progress

    with progress(sys.stderr) as listener:
        return appraised(request, listener)


def _show(found: "Appraisal") -> None:
    """The scores as a table; below it what is missing and why, the verdict, and what was compared with what."""
    from genbench.cli.shown import say, show_scores, verdict_words

    if found.scores:
        show_scores(found.name, found.scores)
    if found.per_class:
        _show_classes(found)
    for name, missing in found.missing.items():
        say(f"{name}: {missing}")
    if found.memorisation:
        say(f"memorisation: {verdict_words(found.memorisation)}")
    _show_identity(found.identity)


def _show_classes(found: "Appraisal") -> None:
    """A row for each class; a dash where a score cannot be had of so few, which the JSON explains."""
    from genbench.cli.figures import number
    from genbench.cli.tables import show, table

    names = [name for name in found.scores if any(name in part.scores for part in found.per_class.values())]
    classes = table("class", "n", "real", *names, title=f"per class, labels {found.labels}")
    for label, part in found.per_class.items():
        values = [number(part.scores[name].value) if name in part.scores else "–" for name in names]
        classes.add_row(label, f"{part.n:,}", f"{part.reference_n:,}", *values)
    show(classes)


def _show_identity(facts: "Identity") -> None:
    from genbench.cli.shown import say

    print()
    rows = (
        ("samples", facts.samples, facts.n, facts.samples_sha256),
        ("reference", facts.reference, facts.reference_n, facts.reference_sha256),
        ("train", facts.train, facts.train_n, facts.train_sha256),
    )
    for name, origin, count, sha256 in rows:
        if origin is not None:
            what = f"{count:,} rows" if count else "mean and covariance"
            say(f"{name:<10} {origin}: {what}, sha256 {(sha256 or '')[:16]}")
    if facts.protocol:
        say(f"{'protocol':<10} {facts.protocol}")
    say(f"{'extractor':<10} {facts.extractor or 'none: features as given'}, on {facts.device}")
