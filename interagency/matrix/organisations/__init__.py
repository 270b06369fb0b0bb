"""Entities and partners, their names of yesterday and today, and the focal points appointed to entities."""
