"""Backbones with adapters and heads: building, composing, saving, loading.

The only package that imports `adapters`.
"""
