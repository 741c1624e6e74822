"""What a query takes is measured for a LoRA with and without merging it into the weights."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from adapterxlt.models import into_weights
from adapterxlt.results.costs import read_costs
from tests.stages.test_precision import run


def test_a_lora_is_timed_in_both_ways(tmp_path: Path, tiny_backbone: Path) -> None:
    done = run(tmp_path, tiny_backbone, "plain", "bf16")
    assert not done.failed
    costs = {cost.step: cost for cost in read_costs(tmp_path / "w")}
    for stage in ("plain", "bf16"):
        cost = costs[f"{stage}/m/pawsx"]
        assert (cost.queries, bool(cost.query_seconds)) == (16, True)
        assert cost.merged_query_seconds is not None
        assert cost.query_seconds is not None
        assert 0.05 < cost.merged_query_seconds / cost.query_seconds < 20
    assert costs["m"].merged_query_seconds is None


def test_an_evaluation_goes_on_without_that_time(
    tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(into_weights, "merged", Mock(side_effect=torch.OutOfMemoryError))
    assert not run(tmp_path, tiny_backbone, "plain").failed
    costs = {cost.step: cost for cost in read_costs(tmp_path / "w")}
    assert costs["plain/m/pawsx"].query_seconds
    assert costs["plain/m/pawsx"].merged_query_seconds is None
