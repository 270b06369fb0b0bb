"""Running the service: serving, metrics, logs, backup, copying, audit, checks."""
