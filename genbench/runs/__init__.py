"""Runs: from a plan to its records and its report: preparation, schedule, conductor, recording, session."""
