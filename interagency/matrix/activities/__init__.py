"""The activities of the matrix: record, list, form, history."""
