"""The adapters that ship with the project: whole, on the backbone and data that ship with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.find import BUNDLED
from adapterxlt.bundled import bundled
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.sharing.cache import RemoteCache
from adapterxlt.sharing.check import check_loads
from adapterxlt.sharing.entries import read_entries
from adapterxlt.sharing.locate import find_backbone
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.verify import verify
from adapterxlt.stages.train import TrainStage
from adapterxlt.store.store import Store

FOLDER = bundled("artifacts/adapters")
RECIPE = load_recipe(bundled("recipes") / "adapters.yaml")
NAMES = [name for name, stage in RECIPE.recipe.stages.items() if isinstance(stage, TrainStage)]
MAX_BYTES = 1_000_000  # each; a checkout carries them all
LANGUAGES = {"de", "en", "es", "fr", "ru", "sw", "tr", "zh"}


def test_all_are_listed_and_nothing_else_is() -> None:
    entries, problems = read_entries(bundled("artifacts"))
    assert problems == []
    assert [entry.manifest.title for entry in entries] == sorted(NAMES)
    assert [entry.path for entry in entries] == [FOLDER / name for name in sorted(NAMES)]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_whole_and_gives_its_reference_outputs(name: str) -> None:
    source = FolderSource(FOLDER / name)
    manifest = verify(source)
    backbone = find_backbone(manifest, None)
    assert backbone.path == bundled("artifacts/backbones/mini")
    check_loads(source.where, manifest, backbone)


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name: str) -> None:
    (entry,), _ = read_entries(FOLDER / name)
    facts = entry.manifest.artifact
    assert facts is not None
    assert (facts.license, facts.backbone.name) == ("apache-2.0", next(iter(BUNDLED)))
    assert entry.manifest.size < MAX_BYTES
    assert {score["language"] for score in entry.scores} == LANGUAGES
    assert {origin for found in entry.origins for origin in found} == {"pocket"}


def test_a_recipe_finds_them(tmp_path: Path) -> None:
    """So they are of this very backbone, data and recipe."""
    sources = resolve_sources(RECIPE.recipe, RECIPE.base)
    plan = make_plan(RECIPE.recipe, Store(tmp_path), sources, RemoteCache([], Silent()).find)
    found = {planned.step.id: (planned.status, planned.reason) for planned in plan.steps}
    for name in NAMES:
        assert found[name] == ("remote", f"{FOLDER / name} has it")
