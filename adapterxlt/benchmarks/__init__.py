"""Scores predictions as the official scripts do. It reads plain files and does not need torch."""
