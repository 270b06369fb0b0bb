"""The matrix as a whole: who does what, where nothing is done, and why."""
