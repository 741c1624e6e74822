"""Language adapters and alignments that are killed in the middle go on, to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Bar, Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.store.store import STORE_FOLDER
from tests.stages.kept import kept_bytes
from tests.stages.words import write_lexicon
from tests.tiny import SENTENCES
from tests.training.test_resume import StoppingBar

# Dropout in the frozen backbone, so that the random states of a checkpoint matter.
RECIPE = """
name: r
backbone: {backbone}
data: data
training: {{max_steps: 4, batch_size: 4, lr: 0.02, frozen_dropout: true, checkpoint_every: 2}}
stages:
  lang_en: {{train: {{task: mlm, language: en}}, method: seq_bn_inv}}
  lang_de: {{train: {{task: mlm, language: de}}, method: seq_bn_inv}}
  madx: {{train: pawsx, language_adapters: "lang_{{language}}"}}
  fused: {{fuse: [madx, other], train: pawsx}}
  other: {{train: pawsx, language_adapters: "lang_{{language}}", seed: 2}}
  both:
    train: {{task: pawsx, language: [en, de], split: dev}}
    language_adapters: "lang_{{language}}"
    max_steps: 8
  words: {{align: lex/en_de.tsv, layer: 1, method: "lora[r=4,dropout=0.2]"}}
  harder: {{align: lex/en_de.tsv, layer: 1, method: "lora[r=4,dropout=0.2]", loss: triplet}}
  scores: {{evaluate: [madx, fused], on: pawsx, languages: [en, de]}}
  near: {{probe: [none, words, harder], on: lex/en_de.tsv}}
"""

KILLED = ("lang_de", "madx", "other", "fused", "both", "words", "harder")


class Killed(BaseException):
    """As Ctrl-C, and unlike an error, it stops the whole run at once."""


class KillingBar(StoppingBar):
    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        if self.done == self.stop:
            raise Killed


class KillingProgress(Silent):
    """Kills the run in the training of a stage, after so many steps."""

    def __init__(self, stage: str = "", after: int = 0) -> None:
        self.stage, self.after = stage, after
        self.begun: dict[str, int] = {}

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        if unit == "step":
            self.begun[description] = done
        mine = unit == "step" and description == self.stage
        return KillingBar(total, done, self.after if mine else None)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    folder = tmp_path_factory.mktemp("interrupted")
    files = {
        "mlm/en.txt": "\n".join(SENTENCES[:12]),
        "mlm/de.txt": "\n".join(SENTENCES[12:17]),
        **{
            f"pawsx/{name}.tsv": "".join(f"A {n} b.\tB {n * n} a.\t{n % 2}\n" for n in range(16))
            for name in ("train-en", "dev-en", "dev-de")
        },
    }
    for name, text in files.items():
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_text(text, encoding="utf-8")
    write_lexicon(folder / "data" / "lex" / "en_de.tsv")
    recipe = folder / "r.yaml"
    recipe.write_text(RECIPE.format(backbone=tiny_backbone), encoding="utf-8")
    return recipe


def run(path: Path, work: str, progress: KillingProgress) -> RunResult:
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    folder = path.parent / work
    return run_recipe(loaded.recipe, workdir=folder, sources=sources, progress=progress)


def bytes_of(path: Path, work: str) -> dict[str, bytes]:
    store = path.parent / work / STORE_FOLDER
    entries = [entry for entry in store.glob("[0-9a-f][0-9a-f]/*") if entry.is_dir()]
    return {
        f"{entry.name}/{name}": content
        for entry in entries
        for name, content in kept_bytes(entry).items()
    }


def test_each_stage_goes_on_and_ends_in_the_same_bytes(path: Path) -> None:
    whole = run(path, "whole", KillingProgress())
    assert not whole.failed
    kinds = {"lang_en", "lang_de", "madx", "other", "fused", "both", "words", "harder"}
    begun: list[dict[str, int]] = []
    for stage in KILLED:
        progress = KillingProgress(stage, after=3)
        with pytest.raises(Killed):
            run(path, "broken", progress)
        begun.append(progress.begun)
    last = KillingProgress()
    done = run(path, "broken", last)
    assert not done.failed
    for stage, later in zip(KILLED, [*begun[1:], last.begun], strict=True):
        assert later[stage] == 2  # it went on from its checkpoint
    assert last.begun == {"harder": 2}  # and nothing was done twice
    found, wanted = bytes_of(path, "broken"), bytes_of(path, "whole")
    assert sum(name.endswith(".safetensors") for name in wanted) > 2 * len(kinds)
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert done.rows == whole.rows
    results = [path.parent / work / "results.json" for work in ("whole", "broken")]
    assert results[0].read_bytes() == results[1].read_bytes()
