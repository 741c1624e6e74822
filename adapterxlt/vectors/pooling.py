"""How the vectors of tokens become one of their sentence: its names. No numpy."""

from __future__ import annotations

from typing import Literal

Pooling = Literal["mean", "mean-no-special", "cls", "max"]
