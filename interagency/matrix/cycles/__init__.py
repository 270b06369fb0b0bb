"""The months of updating: cycles, answers, editions."""
