"""`genbench verify`: compute again what a bundle's records say."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Arguments, Commands, a_path, add_command, add_json, add_sources

if TYPE_CHECKING:
    from genbench.submission.finding import Finding
    from genbench.submission.rescoring import Sources
    from genbench.submission.verification import Verified

EXAMPLES = """\
examples:
  genbench verify my-bundle
  genbench verify my-bundle --suite my-suite.toml     of a suite that is not installed
  genbench verify my-bundle --json

A line a finding: its check, and what was found; a finding that ends in a refusal begins with "refused". Nothing in the
bundle is executed; --rerun executes the installed plugins. Speeds, memory and costs cannot be computed again: they are
told as self-reported.

exit codes: 0 it passed, 1 it is refused, 2 it cannot be verified here (no such folder, no data or weights)
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "verify", "compute again what a bundle's records say", EXAMPLES, checked)
    parser.add_argument("bundle", type=a_path, metavar="DIR", help="what genbench bundle wrote")
    add_terms(parser)
    add_json(parser)


def add_terms(to: Arguments) -> None:
    """The options that say where the terms and the data are that bundles are held against."""
    words = "the suite, or its file (default: the installed one of the bundle's name)"
    to.add_argument("--suite", default="", metavar="NAME_OR_FILE", help=words)
    words = "the list of keys whose owners are known (default: keys.toml beside or above the board, or in leaderboards)"
    to.add_argument("--keys", type=a_path, metavar="FILE", help=words)
    words = "train and draw again, by the plugins that are installed: this executes them, confined as in any run"
    to.add_argument("--rerun", action="store_true", help=words)
    add_sources(to)


def sources_of(options: Namespace, board: Path) -> "Sources":
    """What the options say of where things are.

    Args:
        board: the folder beside or above which the list of keys is looked for.
    """
    from genbench.files.signatures import keys_near, read_keys
    from genbench.submission.rescoring import Sources

    keys = read_keys(options.keys) if options.keys else keys_near(board)
    return Sources(options.suite, options.data_root, options.extractor_weights, keys, options.rerun)


def line_of(finding: "Finding") -> str:
    """A finding as it is printed."""
    return f"{'refused' if finding.refused else 'note'}: {finding}"


def checked(options: Namespace) -> Exit:
    """Verify the bundle, and print what is found as it is found."""
    import sys
    import tempfile

    from genbench.cli.printing import print_json
    from genbench.cli.progress import waiting
    from genbench.execution.supervisor import Supervisor
    from genbench.submission.verification import verified

    quiet = options.json
    hear = (lambda finding: None) if quiet else (lambda finding: print(line_of(finding)))
    place = tempfile.TemporaryDirectory(prefix="genbench-verify-")
    with Supervisor() as supervisor, place as scratch, waiting(sys.stderr, "computing scores again"):
        found = verified(options.bundle, Path(scratch), sources_of(options, Path("leaderboards")), supervisor, hear)
    if quiet:
        print_json(as_json(found))
    else:
        print(verdict(found))
    return Exit.OK if found.passed else Exit.FAILED


def verdict(found: "Verified") -> str:
    """What came of it, in a line."""
    count = sum(finding.refused for finding in found.findings)
    if count:
        return f"refused: {count} finding{'s' * (count != 1)}"
    how = "to the bit, as on the same machine" if found.exact else "within tolerances: not all on the same machine"
    return f"passed: {len(found.records):,} records; scores and gates come out again {how}"


def as_json(found: "Verified") -> dict[str, object]:
    """All of it as plain JSON."""
    from genbench.files.codec import encoded

    return {
        "passed": found.passed,
        "exact": found.exact,
        "bundle": None if found.bundle is None else encoded(found.bundle),
        "findings": [encoded(finding) for finding in found.findings],
        "records": [
            {
                "file": own.path,
                "sha256": own.record.sha256,
                "status": found.status(own).value if found.passed else "refused",
            }
            for own in found.records
        ],
    }
