"""Results: rows, and the files that hold them. Imports no torch."""
