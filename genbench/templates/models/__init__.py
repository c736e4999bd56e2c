"""A small honest model of each family, one file each, and its test beside it."""
