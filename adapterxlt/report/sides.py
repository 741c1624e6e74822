"""Says with which models of a stage each of its models is compared.

Models that differ only in their seeds count as one if their names are alike except for numbers, as
a matrix writes them: `nli.s1` and `nli.s2`. Models with other names are different rows of a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Entrant(NamedTuple):
    """A model that a stage measures.

    Args:
        kind: what it is except for its seeds, see `kind_of`.
        seed: its own seed.
    """

    kind: str
    seed: int


def kind_of(setup: str, name: str) -> str:
    """Return what models that count as one over their seeds have in common.

    Args:
        setup: what the model is except for its seeds.
        name: its name.
    """
    return f"{setup} {re.sub(r'[0-9]+', '*', name)}"


def baselines_for(entrants: Mapping[str, Entrant], baseline: str) -> dict[str, Sequence[str]]:
    """Return the baselines of each model of a stage, by the model's name.

    This is the baseline that the stage names. If the stage has a model and the baseline under two
    or more equal seeds, the baseline counts with all its seeds, and these are not compared with
    each other.
    """
    own = entrants[baseline].kind
    seeds: dict[str, set[int]] = {}
    for one in entrants.values():
        seeds.setdefault(one.kind, set()).add(one.seed)
    repeated = {
        kind for kind, found in seeds.items() if kind != own and len(found & seeds[own]) > 1
    }
    every = [name for name, one in entrants.items() if one.kind == own]
    return {
        name: every if one.kind in repeated else [baseline]
        for name, one in entrants.items()
        if name != baseline and not (repeated and one.kind == own)
    }
