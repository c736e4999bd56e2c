"""Conformance: whether a part does what its contract says, tried on known distortions and told in words."""
