"""The pages that show several subjects of the matrix: an activity with all that hangs on it, look-alikes, merging."""
