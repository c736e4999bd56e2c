"""The solvers that genbench brings along, one file each."""
