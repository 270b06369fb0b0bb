"""Measuring the service against its limits: a static file, bare Flask, raw SQL, icalendar, in the same run."""
