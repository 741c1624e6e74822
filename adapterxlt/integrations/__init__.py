"""Encoders in the form that other libraries run."""
