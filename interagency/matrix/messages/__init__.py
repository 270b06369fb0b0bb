"""Messages that all entities speak with one voice, by chapter."""
