"""Names of the options for sentence vectors. No numpy."""

from __future__ import annotations

from typing import Literal

# How the vectors of a sentence's tokens become one vector.
Pooling = Literal["mean", "mean-no-special", "cls", "max"]
# What is done to the vectors of a side before they are compared.
Transform = Literal["none", "centre", "whiten"]
