"""Adapter methods: their table, how they are read, what goes together. No torch."""
