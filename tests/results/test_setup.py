"""Seeds do not count; everything else does."""

from __future__ import annotations

from typing import Any

import pytest

from adapterxlt.results.cells import seeds_in
from adapterxlt.results.setup import setup_of


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


def fusion(seed: int, *, turned: bool, below: str = "") -> Any:
    """Two trained stages and their fusion, whose members stand in the order of their addresses."""
    trained = [
        {"fingerprint": f"{task}-{seed}", "kind": "train", "data": "t", "inputs": [],
         "params": {"task": task, "seed": seed + place}}
        for place, task in enumerate(("mnli", "squad"))
    ]  # fmt: skip
    inputs = [step["fingerprint"] for step in (trained[::-1] if turned else trained)]
    params: dict[str, Any] = {"task": "xnli", "seed": seed + 2}
    if below:
        trained.append({"fingerprint": below, "kind": "train", "params": {"task": "mlm"}})
        inputs, params = [*inputs, below], params | {"language_adapter": True}
    step = {"fingerprint": "f", "kind": "fuse", "data": "t", "inputs": inputs, "params": params}
    steps = [*(trained[::-1] if turned else trained), step]
    return {"backbone": {"name": "b", "hash": "h"}, "steps": steps}


@pytest.mark.parametrize("below", ["", "lang"])
def test_members_of_a_fusion_have_no_order(below: str) -> None:
    one, other = fusion(1, turned=False, below=below), fusion(11, turned=True, below=below)
    assert setup_of(one) == setup_of(other)
    assert [seed % 10 for seed in seeds_in(one)] == [seed % 10 for seed in seeds_in(other)]
    assert len(seeds_in(one)) == 3
    assert setup_of(fusion(1, turned=False)) != setup_of(fusion(1, turned=False, below="lang"))


def test_members_of_a_merge_have_an_order() -> None:
    one, other = fusion(1, turned=False), fusion(11, turned=True)
    for made in (one, other):
        made["steps"][-1]["kind"] = "merge"
    assert setup_of(one) != setup_of(other)
