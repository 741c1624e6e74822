"""What was trained, applied to new inputs: found by what its user calls it, loaded, asked."""
