"""Templates: what `genbench new` writes, as modules that are linted, typed and tested like all others.

A file is copied with its names exchanged: `NewPlugin`, `new-plugin`, and the module's own. Nothing here is installed.
"""
