"""What happens between two months: remarks on records, saved views, watching, and one digest."""
