"""What stands beside the matrix, as files: needs, shared messages, and briefings on a country or a subject."""
