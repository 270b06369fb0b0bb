"""What is measured against the limits, in one run: `python -m bench`."""
