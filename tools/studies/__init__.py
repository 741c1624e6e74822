"""Keeps what studies measured, for docs/studies."""
