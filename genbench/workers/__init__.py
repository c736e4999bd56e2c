"""Stages: what child processes do, one function a stage. The parent knows them by name and imports none of them."""
