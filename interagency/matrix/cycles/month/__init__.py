"""The focal point's month: its records and why to look at them, one page of them, confirming, signing."""
