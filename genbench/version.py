"""The version of genbench."""

VERSION = "0.1.0"
