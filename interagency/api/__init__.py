"""The same facts for machines: tables by address, and the API."""
