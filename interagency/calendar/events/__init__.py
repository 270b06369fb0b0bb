"""The record of an event: model, fields, saving, occurrences, recurrence, clashes."""
