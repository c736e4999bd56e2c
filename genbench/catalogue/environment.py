"""Environment: what is installed on a machine, by versions and hashes, so that machines can be compared."""

import platform
from importlib.metadata import distributions

from genbench.catalogue import plugins

PLACING = ("pip", "setuptools", "uv", "wheel")  # they put packages in place, and no number depends on them


def environment() -> dict[str, str]:
    """Name → version of Python and of every distribution, and the SHA-256 of genbench's code and of each plugin's."""
    found = {f"code of {plugin.home}": plugin.code for group in plugins.GROUPS for plugin in plugins.installed(group)}
    names = {own.name: own.version for own in distributions() if own.name not in (None, *PLACING)}
    return {"Python": platform.python_version(), **found, **names}
