"""Scores predictions as the official scripts do. Works on plain files and texts, without torch."""
