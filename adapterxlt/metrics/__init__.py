"""Metrics as pure functions, with facts about each. No torch, independent of tasks."""
