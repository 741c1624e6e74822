"""Applies trained models to new inputs: finds a model by its name, loads it and predicts."""
