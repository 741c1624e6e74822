from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_recipe

Run = Callable[[str], RunResult]


@pytest.fixture
def run(tmp_path: Path, tiny_backbone: Path) -> Run:
    """Runs the text of a recipe beside the files of `tmp_path`, on a random backbone."""

    def run(text: str) -> RunResult:
        path = tmp_path / "recipe.yaml"
        head = f"name: r\nbackbone: {tiny_backbone}\ndata: [.]\n"
        path.write_text(f"{head}training: {{max_steps: 2, batch_size: 4}}\n{text}")
        backbone = resolve_backbone(str(tiny_backbone), tmp_path)
        loaded = load_recipe(path, find_backbone=lambda *_: backbone, look=True)
        sources = resolve_sources(loaded.recipe, loaded.base, backbone, loaded.used)
        result = run_recipe(loaded.recipe, workdir=tmp_path / "runs", sources=sources)
        assert not result.failed
        return result

    return run
