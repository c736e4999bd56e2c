"""`genbench new`: a small working distribution, for its author to change."""

import shlex
from argparse import Namespace
from pathlib import Path

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

EXAMPLES = """\
examples:
  genbench new my-vae --family vae
  genbench new my-score --kind metric --dir ~/src/my-score

What it writes installs, passes genbench check, and trains on digits before a line of it is changed.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "new", "write a small working plugin to start from", EXAMPLES, made)
    parser.add_argument("name", metavar="NAME", help="of the plugin: its distribution will be genbench-NAME")
    of = parser.add_mutually_exclusive_group(required=True)
    families = "baseline|vae|gan|flow|diffusion|autoregressive"
    of.add_argument("--family", default="", metavar=families, help="a model of this family")
    of.add_argument(
        "--kind", default="", metavar="metric|dataset|extractor|suite|task|solver", help="a part of this kind"
    )
    parser.add_argument("--dir", type=Path, metavar="DIR", help="the folder to write (default: genbench-NAME, here)")


def made(options: Namespace) -> Exit:
    """Write the distribution, and say what to do next."""
    from genbench.scaffold.names import names_of
    from genbench.scaffold.writing import SUITE, template_of, written

    names, template = names_of(options.name), template_of(options.family, options.kind)
    folder = (options.dir or Path(names.distribution)).expanduser()
    for path in written(template, names, folder):
        print(path)
    print("next:")
    place = str(folder) if folder.is_absolute() else f"./{folder}"
    print(f"  pip install -e {shlex.quote(place)}")
    print(f"  genbench check {names.plugin}")
    if options.family:
        print(f"  genbench run -m {names.plugin} --quick")
    elif options.kind == SUITE:
        print(f"  genbench run --all --suite {names.plugin} --quick")
    else:
        print(f"  name it in a suite: see {folder / 'README.md'}")
    return Exit.OK
