"""Scoring predictions as the official scripts score them. Plain files and texts, no torch."""
