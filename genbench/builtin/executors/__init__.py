"""Executors whose jobs are files that other machines carry out; engines that exist already place them there."""
