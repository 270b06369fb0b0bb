"""Calendar files (.ics) taken in: read, compared, applied, undone."""
