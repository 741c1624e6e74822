"""A run as a document: other processes make the same of it, or say why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.bundled import bundled
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.job import open_job, write_job
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

RECIPE = """
name: r
data: [pocket, .]
tasks: [shop.yaml]
seed: 3
backbone: {name: mini, seen: [squad], prefix: "query: "}
training: {lr: 3e-3, cap: 20}
resources: {cpus: 2}
store: {remotes: [{url: "sftp://me:S3cret@host/x", write: true}]}
stages:
  nli: {train: {task: mnli, cap: 9}, warmup: 0.2, resources: {cpus: 4}}
  lora: {train: shop, method: "lora[r=4]", max_steps: 3}
  shop: {train: shop, after: nli}
  both: {train: [mnli, squad], sampling: temperature, temperature: 2.0}
  there: {use: USED}
  over: {train: pawsx, stack_on: there}
  said: {evaluate: [nli, there], on: xnli, languages: [de, en]}
  found: {retrieve: [none, both], on: tatoeba}
"""
SHOP = """
kind: pair_classification
labels: [yes-it-is, no]
languages: [en]
format: csv
files: {train: shop.csv}
columns: {text_a: a, text_b: b, label: label}
header: true
"""


class Said(Silent):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "shop.csv").write_text("a,b,label\na dog,one dog,yes-it-is\na dog,a cat,no\n")
    path = tmp_path / "r.yaml"
    path.write_text(RECIPE.replace("USED", str(bundled("artifacts/adapters/nli"))))
    backbone = resolve_backbone("mini", tmp_path)
    loaded = load_recipe(path, ["seed=5"], find_backbone=lambda *_: backbone, look=True)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    store = Store(tmp_path / "store")
    plan = make_plan(loaded.recipe, store, sources)
    path.unlink()
    (tmp_path / "shop.yaml").unlink()
    return Context(loaded.recipe, plan, store, sources, Silent(), device="cpu")


def test_others_make_the_same_of_it(context: Context, tmp_path: Path) -> None:
    write_job(context, tmp_path / "job.json")
    said = Said()
    opened = open_job(tmp_path / "job.json", said)
    assert said.lines == []
    assert [(p.step, p.fingerprint, p.parts) for p in opened.plan.steps] == [
        (p.step, p.fingerprint, p.parts) for p in context.plan.steps
    ]
    assert [planned.lineage for planned in opened.plan.steps] == [
        planned.lineage for planned in context.plan.steps
    ]
    assert (opened.recipe_id, opened.device) == (context.recipe_id, "cpu")
    assert opened.sources.backbone == context.sources.backbone


def test_it_holds_no_password(context: Context, tmp_path: Path) -> None:
    assert context.recipe.store.remotes
    stages = dict(context.recipe.stages)
    stages["there"] = stages["there"].model_copy(update={"use": "sftp://me:S3cret@host/x"})
    context.recipe = context.recipe.model_copy(update={"stages": stages})
    write_job(context, tmp_path / "job.json")
    assert "S3cret" not in (tmp_path / "job.json").read_text()
    opened = open_job(tmp_path / "job.json", Silent())
    assert opened.recipe_id == context.recipe_id


def test_what_has_changed_meanwhile_is_refused(context: Context, tmp_path: Path) -> None:
    write_job(context, tmp_path / "job.json")
    (tmp_path / "shop.csv").write_text("a,b,label\na cat,one dog,no\n")
    with pytest.raises(AdapterXLTError, match=r"^lora has a different fingerprint on this worker"):
        open_job(tmp_path / "job.json", Silent())


@pytest.mark.parametrize("spoil", [lambda text: "{", lambda text: text.replace("mnli", "mnlx")])
def test_a_document_that_cannot_be_read(
    context: Context, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    write_job(context, tmp_path / "job.json")
    (tmp_path / "job.json").write_text(spoil((tmp_path / "job.json").read_text()))
    with pytest.raises(AdapterXLTError, match=r"job\.json: a worker cannot read"):
        open_job(tmp_path / "job.json", Silent())


def test_other_versions_are_told_of(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    write_job(context, path)
    job = json.loads(path.read_text())
    job["environment"]["torch"] = "1.0"
    path.write_text(json.dumps(job))
    said = Said()
    open_job(path, said)
    assert len(said.lines) == 1
    assert "different versions from the run: torch 1.0, now" in said.lines[0]


@pytest.mark.parametrize("gone", ["store", "roots", "backbone"])
def test_what_a_worker_does_not_see_is_said(context: Context, tmp_path: Path, gone: str) -> None:
    path, away = tmp_path / "job.json", tmp_path / "away" / "there"
    write_job(context, path)
    job = json.loads(path.read_text())
    if gone == "backbone":
        job["backbone"]["path"] = str(away)
    else:
        job[gone] = str(away) if gone == "store" else [str(away)]
    path.write_text(json.dumps(job))
    missing = away.parent if gone == "store" else away
    with pytest.raises(AdapterXLTError, match=f"does not see {missing}\n"):
        open_job(path, Silent())
