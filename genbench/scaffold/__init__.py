"""Scaffold: a template as a distribution of its author's own, which works before a line of it is changed."""
