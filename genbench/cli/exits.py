"""Exit codes."""

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
