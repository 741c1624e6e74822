"""Two languages' adapters, and recipes that are run one after the other."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import Plan
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.tiny import SENTENCES

HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 2, lr: 0.05}}\nstages:\n"
LANGUAGES = """
  lang_en: {train: {task: mlm, language: en}, method: "seq_bn_inv[leave_out=[-1]]"}
  lang_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
"""
SPARSE = """
  sparse_en: {train: {task: mlm, language: en}, method: "sft[density=0.2]"}
  sparse_de: {train: {task: mlm, language: de}, method: "sft[density=0.2]"}
"""
MADX = """
  madx: {train: pawsx, language_adapters: "lang_{language}", no_language_adapter: source}
"""


class Bench:
    """A folder with a little data, in which recipes are run one after the other."""

    def __init__(self, folder: Path, backbone: Path) -> None:
        self.folder, self.path = folder, backbone
        for language, texts in {"en": SENTENCES[:12], "de": SENTENCES[12:17]}.items():
            (folder / "data" / "mlm").mkdir(parents=True, exist_ok=True)
            text = "\n".join(texts * 2)
            (folder / "data" / "mlm" / f"{language}.txt").write_text(text, encoding="utf-8")
        (folder / "data" / "tatoeba").mkdir()
        for code, texts in {"de": SENTENCES[12:17], "en": SENTENCES[:5]}.items():
            file = folder / "data" / "tatoeba" / f"de-en.{code}"
            file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        pairs = folder / "data" / "pawsx"
        pairs.mkdir()
        for name in ("train-en", "dev-en", "dev-de", "dev-fr"):
            lines = [f"A {n} {name[0]}.\tB {n * n} a.\t{n % 2}\n" for n in range(6)]
            (pairs / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")

    def recipe(self, text: str) -> LoadedRecipe:
        path = self.folder / "r.yaml"
        path.write_text(HEAD.format(backbone=self.path) + text, encoding="utf-8")
        return load_recipe(path)

    def plan(self, text: str) -> Plan:
        loaded = self.recipe(text)
        sources = resolve_sources(loaded.recipe, loaded.base)
        return make_plan(loaded.recipe, Store(self.work / STORE_FOLDER), sources)

    def run(self, text: str) -> RunResult:
        loaded = self.recipe(text)
        sources = resolve_sources(loaded.recipe, loaded.base)
        done = run_recipe(loaded.recipe, workdir=self.work, sources=sources)
        assert not done.failed
        return done

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def artifact(self, plan: Plan, step: str) -> Path:
        return Store(self.work / STORE_FOLDER).path(plan.by_id(step).fingerprint)

    @property
    def backbone(self) -> Backbone:
        return inspect_backbone("tiny", self.path)
