"""Likely duplicates, and what people decided about them."""
