"""`python -m genbench.cli`."""

import sys

from genbench.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
