"""Remarks of insiders on records: who said what to whom, open or answered."""
