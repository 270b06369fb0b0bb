"""The first version of the API. What something means here does not change: another meaning is another version."""
