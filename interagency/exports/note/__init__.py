"""The draft Note by the Secretariat, for Word."""
