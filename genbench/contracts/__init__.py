"""Contracts: what a plugin implements and what it is given; jobs, their outcomes, and who carries them out."""
