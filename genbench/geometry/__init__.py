"""Geometry: sets of feature vectors, their moments, and the one sweep over inner products that all scores share."""
