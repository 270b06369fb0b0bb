"""The state of an activity: its status in single countries, and the light that says whether it is in step."""
