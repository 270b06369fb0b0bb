"""Signatures of editions, hand-outs and their files: keys, what is signed, and how it is verified."""
