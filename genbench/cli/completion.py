"""`genbench completion`: a script by which a shell completes commands and options."""

from argparse import Namespace
from importlib import import_module

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

EXAMPLES = """\
examples:
  genbench completion bash > ~/.local/share/bash-completion/completions/genbench
  genbench completion zsh > ~/.zfunc/_genbench       ~/.zfunc on fpath, before compinit

Needs shtab: pip install 'genbench[completion]'. Write the script anew after an update of genbench.
"""
SHELLS = ("bash", "zsh")


def add(commands: Commands) -> None:
    """Add the command."""
    summary = "a script by which a shell completes commands and options"
    parser = add_command(commands, "completion", summary, EXAMPLES, completed)
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def completed(options: Namespace) -> Exit:
    """Print the script."""
    from genbench.errors import GenbenchError

    try:
        import shtab
    except ImportError:
        way_out = "pip install 'genbench[completion]'"
        raise GenbenchError(f"completion needs shtab, which is not installed: {way_out}") from None
    whole = import_module("genbench.cli").parser()  # it holds this command, too, so no import at the top can name it
    print(shtab.complete(whole, options.shell))
    return Exit.OK
