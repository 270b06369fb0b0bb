"""What every request passes: access, errors, headers, request ids, idempotency, forms."""
