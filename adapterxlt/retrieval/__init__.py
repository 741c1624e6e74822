"""Sentence retrieval and bitext mining with the vectors of any hidden layer."""
