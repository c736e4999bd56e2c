"""`python -m genbench`."""

import sys

from genbench.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
