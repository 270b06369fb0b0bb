"""What people type, and what it means: cleaning and folding, imprecise dates, time zones. Imports nothing else."""
