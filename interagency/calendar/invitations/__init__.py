"""Invitations to events by mail, and the answers that come back (iTIP and iMIP, RFC 5546 and 6047)."""
