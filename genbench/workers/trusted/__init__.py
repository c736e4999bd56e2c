"""Trusted."""
