"""Tables by private address, for programs that know no other key."""
