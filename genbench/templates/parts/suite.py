"""A suite: the protocol of a board, in the TOML file beside this module."""

from pathlib import Path

import genbench


@genbench.hookimpl
def genbench_suites() -> list[Path]:
    """The suites of this distribution; each is called as its file is."""
    return [Path(__file__).with_name("new-plugin.toml")]
