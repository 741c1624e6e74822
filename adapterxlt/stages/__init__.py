"""Stage kinds, one a file: what its stages may say, their checks, their steps, how they run."""
