"""Sentence vectors of any hidden layer: pooled, transformed and kept on disk."""
