"""Nearest neighbours among vectors, exact or by clusters, and margins; independent of texts."""
