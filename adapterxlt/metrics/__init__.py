"""Metrics as pure functions, with facts about each. They do not depend on torch or tasks."""
