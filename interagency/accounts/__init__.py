"""Who may come in: people, roles, sign-in, invitations, tokens."""
