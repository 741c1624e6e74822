"""Builds, composes, saves and loads backbones with adapters and heads.

The only package that imports `adapters`.
"""
