"""Stage kinds, one per file: their keys, checks, steps, and how they run."""
