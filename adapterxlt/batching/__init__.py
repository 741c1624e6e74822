"""Turns examples into padded batches; used by training, evaluation and retrieval."""
