"""A database of any size, for measuring and for trying things out: the same seed gives the same facts."""
