"""The keys, checks and execution of `merge` stages."""
