"""Executors, which run the steps of a plan: this process, several processes, or a cluster."""
