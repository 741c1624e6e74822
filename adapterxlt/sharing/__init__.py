"""Artifacts: made, checked, packed, sent, taken in, and read from what other libraries wrote."""
