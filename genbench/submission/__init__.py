"""Submission: a run's records with the evidence to compute them again, as a folder that others can verify and merge."""
