"""`genbench key`: a key to sign bundles and boards with."""

from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command

EXAMPLES = """\
examples:
  genbench key my.key --name "A. Nother"
  genbench key my.key                           of a key that is there already

genbench bundle and genbench merge sign with it. It writes the private key, which its owner alone can read and nobody should be given, and prints the lines that a
maintainer puts into keys.toml, beside the boards, to know whose signature it is.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "key", "make a key to sign bundles and boards with", EXAMPLES, made)
    parser.add_argument("file", type=a_path, metavar="FILE", help="where the private key is, or will be")
    parser.add_argument("--name", default="", metavar="NAME", help="whose key it is, for the lines that are printed")


def made(options: Namespace) -> Exit:
    """Make the key unless it is there, and print how it is listed."""
    import json

    from genbench.cli.printing import tell
    from genbench.errors import GenbenchError
    from genbench.files.signatures import KEYS, new_key, public_of

    if not options.name.isprintable():
        raise GenbenchError(f"--name takes characters that can be read, got {options.name!a}")
    public = public_of(options.file) if options.file.exists() else new_key(options.file)
    tell(f"for the maintainer's {KEYS}:")
    print(f'[[key]]\nname = {json.dumps(options.name or "YOUR NAME", ensure_ascii=False)}\npublic = "{public}"')
    return Exit.OK
