"""Artifacts: making, checking, packing, sending, importing, and reading other libraries' files."""
