"""Results and their tables. Reads results only; imports no torch."""
