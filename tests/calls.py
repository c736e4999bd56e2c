"""Calls that tests carry out: the listing of a plugin, which runs whatever its file holds."""

from pathlib import Path

from genbench.catalogue.plugins import Plugin
from genbench.contracts.job import Call
from genbench.files import codec

LISTING = "genbench.workers.untrusted.listing:listing"


def listing_call(plugin: Plugin, folder: Path, limit: float = 60) -> Call:
    """The call that imports a plugin and lists what it offers."""
    return Call("listing", LISTING, folder, {"plugin": codec.encoded(plugin)}, limit)
