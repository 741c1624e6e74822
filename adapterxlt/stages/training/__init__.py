"""Shared parts of stage kinds that train."""
