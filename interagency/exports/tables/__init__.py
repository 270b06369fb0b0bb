"""Flat tables for other programs: one header with names that stay, dates as ISO with their precision."""
