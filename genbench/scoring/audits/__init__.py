"""Audits: is a density one? What a model said on tiny spaces, noise and its own samples, against what sums to 1."""
