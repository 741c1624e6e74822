"""Encoders as other libraries run them."""
