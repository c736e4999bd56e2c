"""The tasks that genbench brings along, one file each."""
