"""Execution: how a job reaches a child process, and how that child is started, confined, watched, timed and ended."""
