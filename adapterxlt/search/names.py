"""Names of the options of a search. No numpy."""

from __future__ import annotations

from typing import Literal

# How a cosine is compared with those of the neighbours.
Margin = Literal["ratio", "distance", "absolute"]
