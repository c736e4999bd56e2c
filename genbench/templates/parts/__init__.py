"""A small working part of each kind, one file each, and its test beside it."""
