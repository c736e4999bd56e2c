"""Untrusted: the only processes in which a model plugin's code runs."""
