"""Stages that train are stopped and go on: the store ends with the same bytes as of one run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Bar
from adapterxlt.recipe.load import LoadedRecipe
from tests.stages.language_bench import Bench
from tests.stages.words import write_lexicon
from tests.training.test_resume import (
    PressingProgress,
    StoppedError,
    StoppingProgress,
    heeded,
)

__all__ = ["heeded"]

FEW = "max_steps: 5, batch_size: 2, checkpoint_every: 2"
STAGES = f"""
  lang_en: {{train: {{task: mlm, language: en}}, method: "seq_bn_inv[leave_out=[-1]]", {FEW}}}
  lang_de: {{train: {{task: mlm, language: de}}, method: seq_bn_inv, {FEW}}}
  sparse_en: {{train: {{task: mlm, language: en}}, method: "sft[density=0.2]", {FEW}}}
  madx: {{train: pawsx, language_adapters: {{en: lang_en}}, {FEW}}}
  added: {{train: pawsx, method: "sft[density=0.1]", language_adapters: {{en: sparse_en}}, {FEW}}}
  several:
    train: {{task: pawsx, language: [en, de], split: dev}}
    language_adapters: "lang_{{language}}"
    max_steps: 5
    batch_size: 2
    checkpoint_every: 2
  texts: {{train: [pawsx, {{task: mlm, language: all, weight: 0.4}}], {FEW}}}
  shots: {{train: {{task: pawsx, language: de, split: dev, shots: 2}}, after: texts, {FEW}}}
  words: {{align: lex/en_de.tsv, layer: 1, loss: triplet, method: "lora[r=4,dropout=0.1]", {FEW}}}
  one: {{train: pawsx, max_steps: 1}}
  two: {{train: pawsx, seed: 2, max_steps: 1}}
  fused: {{fuse: [one, two], train: pawsx, train_members: true, {FEW}}}
  on_en: {{train: pawsx, language_adapters: "lang_{{language}}", max_steps: 1}}
  high: {{train: pawsx, stack_on: on_en, max_steps: 1}}
  high2: {{train: pawsx, stack_on: on_en, seed: 2, max_steps: 1}}
  spoken:
    fuse: [high, high2]
    train: {{task: pawsx, language: [en, de], split: dev}}
    max_steps: 5
    batch_size: 2
    checkpoint_every: 2
"""
TRAININGS = (
    13  # with the full fine-tune before each of the two sparse ones, without those of one step
)


class StopsEach(StoppingProgress):
    """Stops each training after its third step, unless it goes on from a checkpoint."""

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        self.stop = None if done else 3
        return super().bar(description, total, done=done, unit=unit)


class PressesEach(StopsEach, PressingProgress):
    """Presses Ctrl-C there instead, so that no step is lost."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Bench:
    torch.set_num_threads(1)
    bench = Bench(tmp_path_factory.mktemp("stops"), tiny_backbone)
    write_lexicon(bench.folder / "data" / "lex" / "en_de.tsv")
    return bench


def go(loaded: LoadedRecipe, workdir: Path, progress: StoppingProgress) -> RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run_recipe(loaded.recipe, workdir=workdir, sources=sources, progress=progress)


def files(workdir: Path) -> dict[str, bytes]:
    """Bytes of the files of all entries of a store, by path."""
    store = workdir / "store"
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in store.glob("[0-9a-f][0-9a-f]/*/**/*")
        if path.is_file()
    }


@pytest.mark.parametrize(("progress", "goes_on_at"), [(StopsEach(), 2), (PressesEach(), 3)])
def test_each_training_goes_on_to_the_same_bytes(
    bench: Bench, heeded: None, progress: StopsEach, goes_on_at: int
) -> None:
    loaded, whole = bench.recipe(STAGES), bench.folder / "whole"
    broken, stops = bench.folder / f"broken{goes_on_at}", 0
    assert not go(loaded, whole, StoppingProgress()).failed
    while True:
        try:
            done = go(loaded, broken, progress)
        except (StoppedError, KeyboardInterrupt):
            stops += 1
            continue
        break
    assert not done.failed
    assert stops == progress.started_at.count(goes_on_at) == TRAININGS
    one, two = files(whole), files(broken)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []
