"""Shared parts of running stages: data, seen texts, and the run itself."""
