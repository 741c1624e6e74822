"""From examples to padded batches; shared by training, evaluation and retrieval."""
