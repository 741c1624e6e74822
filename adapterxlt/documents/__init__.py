"""YAML files that people write: their values with file and line, and their problems."""
