"""One box for everything: records through the full-text index, short lists read anew each time."""
