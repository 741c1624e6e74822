"""Adapter methods: their table, how they are parsed, and how they combine. No torch."""
