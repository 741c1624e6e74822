"""Reads from the lineage of an artifact how it was trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapterxlt.recipe.fields import MAX_LENGTH
from adapterxlt.recipe.kind import Trained
from adapterxlt.recipe.kinds import like_first
from adapterxlt.recipe.schema import Training
from adapterxlt.recipe.used import caps_of, data_parts, shot_seed_of


def trained_by(
    lineage: Sequence[Mapping[str, Any]], heads: Iterable[str], default: Training
) -> Trained:
    """As a lineage says; where it does not say so, as in `default`.

    Args:
        lineage: every training step behind it, oldest first, its own last.
        heads: names of the tasks whose heads it has.
    """
    params = params_behind(lineage)
    parts = data_parts(params)
    lengths = {str(part.get("task")): part.get("max_length") for part in parts}
    seed = params.get("seed")
    return Trained(
        lengths={task: _number(lengths.get(task), default.max_length) for task in heads},
        doc_stride=_number(params.get("doc_stride"), default.doc_stride),
        seed=seed if type(seed) is int else None,
        caps=caps_of(parts),
        shot_seed=shot_seed_of(parts, seed),
    )


def params_behind(lineage: Sequence[Mapping[str, Any]]) -> Mapping[str, object]:
    """Parameters of the step that its heads come from: its own; of a merge, its first member's.

    Not all of them need be there.
    """
    by_fingerprint = {step["fingerprint"]: step for step in lineage}
    step = lineage[-1]
    while like_first(step["kind"]) and step["inputs"]:
        step = by_fingerprint[step["inputs"][0]]  # came before it, so this ends
    params = step["params"]
    assert isinstance(params, Mapping)
    return params


def _number(said: object, default: int) -> int:
    return said if type(said) is int and 0 < said <= MAX_LENGTH else default
