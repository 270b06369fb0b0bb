"""Flat tables for other programs: one header with names that stay, one row a line, dates as ISO with their precision."""
