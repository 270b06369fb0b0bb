"""A matrix sent back as a file: read, compared cell by cell, shown, taken in, answered, undone."""
