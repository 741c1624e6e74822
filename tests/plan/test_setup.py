"""Seeds do not count; everything else does."""

from __future__ import annotations

from typing import Any

import pytest

from adapterxlt.plan.setup import setup_of


def lineage(tag: str, seed: int, lr: float = 0.1, data: str = "d", hash_: str = "h") -> Any:
    """A model trained under a seed, and what it was measured on; addresses depend on all."""
    model, cell = f"{tag}-model", f"{tag}-cell"
    params = {"task": "mnli", "lr": lr, "seed": seed, "pretrain": {"seed": seed, "steps": 3}}
    return {
        "backbone": {"name": tag, "hash": hash_},
        "steps": [
            {"fingerprint": model, "kind": "train", "params": params, "data": "t", "inputs": []},
            {
                "fingerprint": cell,
                "kind": "evaluate",
                "params": {"task": "xnli", "cap": 4},
                "data": data,
                "inputs": [model],
            },
        ],
    }


def test_seeds_go_together() -> None:
    assert setup_of(lineage("a", 1)) == setup_of(lineage("b", 2))


def test_shots_of_several_seeds_go_together() -> None:
    def drawn(shot_seed: int, shots: int = 5) -> Any:
        part = {"task": "sib200", "shots": shots, "shot_seed": shot_seed}
        made = lineage("a", 1)
        made["steps"][0]["params"] = {"tasks": [part, {"task": "mnli"}], "seed": 1}
        return made

    assert setup_of(drawn(1)) == setup_of(drawn(2))
    assert setup_of(drawn(1)) != setup_of(drawn(1, shots=6))


@pytest.mark.parametrize("change", [{"lr": 0.2}, {"data": "e"}, {"hash_": "i"}])
def test_what_differs_in_more_does_not(change: dict[str, Any]) -> None:
    assert setup_of(lineage("a", 1)) != setup_of(lineage("a", 1, **change))


def test_the_bare_backbone() -> None:
    bare = {"backbone": {"name": "mini", "hash": "h"}, "steps": []}
    assert setup_of(bare) == setup_of(bare | {"steps": []})
    assert setup_of(bare) != setup_of({"backbone": None, "steps": []})
