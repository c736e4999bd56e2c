"""`genbench bundle`: a run's records with the evidence for them, as a folder that others can verify."""

from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command

EXAMPLES = """\
examples:
  genbench bundle runs/digits -o my-bundle --author "A. Nother" --contact a@example.org
  genbench bundle runs/digits -o my-bundle -m vae --check check.json       with what genbench check said of it
  genbench bundle runs/digits -o my-bundle -m vae -m "ddpm[steps=200]"     these models alone

It holds the records as they are, what the stages left that scores are made of (samples, answers, log-probabilities),
and the list of installed distributions; no checkpoint, and nothing of the data. genbench verify computes all scores
again.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "bundle", "a run's records with the evidence for them", EXAMPLES, bundled)
    parser.add_argument("run", type=a_path, metavar="RUN", help="a run's folder: runs/SUITE")
    parser.add_argument("-o", "--out", type=a_path, required=True, metavar="DIR", help="the bundle; not there yet")
    parser.add_argument("--author", default="", metavar="NAME", help="who submits it")
    parser.add_argument("--contact", default="", metavar="TEXT", help="where the author can be reached")
    parser.add_argument("--key", type=a_path, metavar="FILE", help="sign it with this key, which genbench key made")
    words = "what genbench check --report wrote of a model; may be repeated"
    parser.add_argument("--check", type=a_path, action="append", default=[], dest="checks", metavar="FILE", help=words)
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        default=[],
        dest="models",
        metavar="NAME",
        help="only this one; may be repeated",
    )


def bundled(options: Namespace) -> Exit:
    """Write the bundle, and say what is in it and what is not."""
    from genbench.cli.printing import tell
    from genbench.submission.bundle import MIB
    from genbench.submission.writing import Author, written

    found = written(
        options.run, options.out, Author(options.author, options.contact), options.models, options.checks, options.key
    )
    for words in found.left_out:
        tell(f"left out: {words}")
    files = found.bundle.files
    records = sum(file.path.startswith("records/") for file in files)
    whole = sum(file.bytes for file in files) / MIB
    print(f"{options.out}: {records:,} records, {len(files):,} files, {whole:,.1f} MiB")
    tell(f"next: genbench verify {options.out}")
    return Exit.OK
