"""Good practice: the list inside, and the files for the portal."""
