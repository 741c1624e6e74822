"""A backbone with what its files do not tell: what its makers trained on, and its prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import Store

STAGES = """
data: pocket
stages:
  pos: {train: udpos, method: seq_bn}
  scores: {evaluate: [pos], on: udpos, languages: [de]}
  search: {retrieve: [none], on: tatoeba, languages: [de], layers: [2]}
"""


def addresses(folder: Path, backbone: str) -> dict[str, str]:
    path = folder / "r.yaml"
    path.write_text(f"name: r\nbackbone: {backbone}\n{STAGES}")
    loaded = load_recipe(path, find_backbone=resolve_backbone)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone)
    plan = make_plan(loaded.recipe, Store(folder / "store"), sources)
    return {planned.step.stage: planned.fingerprint for planned in plan.steps}


def test_only_what_they_may_change_has_another_address(tmp_path: Path) -> None:
    plain = addresses(tmp_path, "mini")
    assert addresses(tmp_path, "{name: mini}") == plain
    assert addresses(tmp_path, "{name: mini, seen: [], prefix: ''}") == plain
    prefixed = addresses(tmp_path, "{name: mini, prefix: 'query: '}")
    assert {name for name in plain if prefixed[name] != plain[name]} == {"search"}
    seen = addresses(tmp_path, "{name: mini, seen: [mnli, udpos]}")
    assert {name for name in plain if seen[name] != plain[name]} == {"scores", "search"}
    assert addresses(tmp_path, "{name: mini, seen: [udpos, mnli]}") == seen


@pytest.mark.parametrize(
    ("backbone", "problem"),
    [
        ("{name: mini, seen: [mnlo]}", "backbone.seen[0]: unknown task `mnlo`"),
        ("{prefix: a}", "backbone.name"),
        ("{name: mini, prefx: a}", "backbone.prefx"),
        ("{name: mini, prefix: 3}", "backbone.prefix"),
        ("''", "backbone"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, backbone: str, problem: str) -> None:
    with pytest.raises(InvalidRecipeError) as told:
        addresses(tmp_path, backbone)
    assert problem in str(told.value)
