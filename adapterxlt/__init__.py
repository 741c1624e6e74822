"""adapterxlt: modular cross-lingual transfer with adapters, from one recipe."""

__version__ = "0.1.0"
