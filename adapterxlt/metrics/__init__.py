"""Metrics: pure functions, and what is to know about each. No torch, nothing of tasks."""
