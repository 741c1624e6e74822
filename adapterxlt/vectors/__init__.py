"""Sentence vectors: of any hidden layer, pooled, transformed, kept on disk."""
