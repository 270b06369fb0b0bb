"""The sample data: activities and events read out of the papers behind the project."""
