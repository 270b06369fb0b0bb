"""Needs of technical assistance that countries state, and who can help."""
