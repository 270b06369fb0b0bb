"""Messages out: the outbox and sending."""
