"""The database: base model, the two engines, reading in batches, full text, change history."""
