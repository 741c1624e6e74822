"""Nearest neighbours among vectors: exact, or by clusters; margins. Knows nothing of text."""
