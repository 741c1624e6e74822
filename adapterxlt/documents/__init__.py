"""Reads YAML files that people write, and reports their problems with file and line."""
