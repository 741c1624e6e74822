"""A work folder with every kind of stage on a random encoder, and what evaluation made of it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapterxlt.bundled import bundled
from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import Sources, resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.outcomes import Outcomes, read_outcomes
from adapterxlt.results.rows import Row
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.tiny import SENTENCES

RECIPE = """\
name: every
backbone: {backbone}
data: data
tasks: [topics.yaml, stars.yaml, causes.yaml]
training: {{max_steps: 1, lr: 0.05, batch_size: 4, max_length: 24, doc_stride: 4, cap: 8}}
stages:
  pairs: {{train: pawsx, seed: 1}}
  tags: {{train: udpos}}
  qa: {{train: squad, max_length: 32}}
  cause: {{train: causes, method: lora}}
  topic: {{train: topics}}
  star: {{train: stars, method: "prompt_tuning[prompt_length=3]"}}
  both: {{fuse: [pairs, tags], train: pawsx}}
  whole: {{train: pawsx, method: full}}
  stacked: {{train: pawsx, stack_on: tags}}
  other: {{train: pawsx, lr: 0.02}}
  merged: {{merge: [pairs, other], how: ties, density: 0.5}}
  several: {{train: [pawsx, udpos]}}
  voted: {{ensemble: [pairs, whole], weights: [1, 2]}}
  lang_en: {{train: {{task: mlm, language: en}}, method: seq_bn_inv}}
  lang_de: {{train: {{task: mlm, language: de}}, method: seq_bn_inv}}
  madx: {{train: udpos, language_adapters: "lang_{{language}}"}}
  madx2: {{train: udpos, language_adapters: "lang_{{language}}", seed: 2}}
  madx_fused: {{fuse: [madx, madx2], train: {{task: udpos, language: [en, de], split: dev}}}}
  madx_merged: {{merge: [madx, madx2]}}
  sparse_en: {{train: {{task: mlm, language: en}}, method: "sft[density=0.2]"}}
  sparse_de: {{train: {{task: mlm, language: de}}, method: "sft[density=0.2]"}}
  on_sparse: {{train: udpos, language_adapters: "sparse_{{language}}"}}
  on_sparse2: {{train: udpos, language_adapters: "sparse_{{language}}", seed: 2}}
  sparse_fused: {{fuse: [on_sparse, on_sparse2], train: udpos}}
  sparse_merged: {{merge: [on_sparse, on_sparse2]}}
  like_pairs:
    evaluate: [pairs, both, whole, several, voted, stacked, merged]
    on: pawsx
    languages: [en, de]
  like_tags:
    evaluate: [tags, several, madx, madx_fused, madx_merged, sparse_fused, sparse_merged]
    on: udpos
    languages: [en, de]
    predictions: xtreme
  like_qa: {{evaluate: qa, on: xquad, languages: [en, de], predictions: xtreme}}
  like_own: {{evaluate: cause, on: causes, languages: en}}
  like_topic: {{evaluate: topic, on: topics, languages: en}}
  like_star: {{evaluate: star, on: stars, languages: en}}
"""
TOPICS = """\
kind: text_classification
multi_label: true
labels: [old, new, red]
languages: [en]
format: csv
files: {train: topics.csv, dev: topics.csv}
columns: {text: line, label: topics}
"""
STARS = """\
kind: regression
languages: [en]
format: csv
files: {train: stars.csv, dev: stars.csv}
columns: {text: line, text_pair: other, value: stars}
"""
CAUSES = """\
kind: multiple_choice
labels: ["0", "1", "2"]
languages: [en]
format: jsonl
files: {train: causes.jsonl, dev: causes.jsonl}
columns: {context: line, choices: [one, two, three], label: right}
"""


@dataclass(frozen=True)
class Ran:
    """A run: where, and what came out."""

    folder: Path
    sources: Sources
    rows: list[Row]

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def stage(self, name: str) -> str:
        return f"{self.work}:{name}"

    def outcomes(self, model: str, task: str, language: str) -> Outcomes:
        """What evaluation noted of every example."""
        cell = next(
            row.cell
            for row in self.rows
            if (row.model, row.task, row.language) == (model, task, language)
        )
        found = read_outcomes(Store(self.work / STORE_FOLDER).path(cell))
        return next(one for one in found if one.language == language)

    def written(self, stage: str, model: str, file: str) -> str:
        """A prediction file."""
        path = self.work / "predictions" / "every" / stage / model / file
        return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Ran:
    folder = tmp_path_factory.mktemp("applied")
    _write_data(folder)
    path = folder / "every.yaml"
    path.write_text(RECIPE.format(backbone=tiny_backbone), encoding="utf-8")
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, folder)
    done = run_recipe(loaded.recipe, workdir=folder / "work", sources=sources)
    assert not done.failed
    return Ran(folder, sources, done.rows)


def _write_data(folder: Path) -> None:
    pocket = bundled("artifacts/data/pocket")
    data = folder / "data"
    for task, lines in (("pawsx", 20), ("udpos", 200)):
        (data / task).mkdir(parents=True)
        for file in ("train-en.tsv", "dev-en.tsv", "dev-de.tsv"):
            found = (pocket / task / file).read_text(encoding="utf-8").splitlines()[:lines]
            if task == "udpos":  # the first sentence is as long as several together
                found = [line for n, line in enumerate(found) if line or n > 60]
            (data / task / file).write_text("\n".join(found) + "\n", encoding="utf-8")
    questions = {"squad/train-v1.1.json": 4, "xquad/xquad.en.json": 8, "xquad/xquad.de.json": 8}
    for name, count in questions.items():
        document = json.loads((pocket / name).read_text(encoding="utf-8"))
        for article in document["data"]:
            article["paragraphs"] = article["paragraphs"][:count]
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(json.dumps(document), encoding="utf-8")
    (data / "mlm").mkdir()
    (data / "mlm" / "en.txt").write_text("\n".join(SENTENCES[:8]), encoding="utf-8")
    (data / "mlm" / "de.txt").write_text("\n".join(SENTENCES[12:17]), encoding="utf-8")
    for name, entry in (("topics", TOPICS), ("stars", STARS), ("causes", CAUSES)):
        (folder / f"{name}.yaml").write_text(entry, encoding="utf-8")
    with (folder / "topics.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["line", "topics"], *([text, "old|red"] for text in SENTENCES[:8])]
        )
    with (folder / "stars.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [[text, text[::-1], len(text)] for text in SENTENCES[:8]]
        csv.writer(file).writerows([["line", "other", "stars"], *rows])
    causes = [
        {"line": text, "one": "yes", "two": text * 2, "three": "no", "right": n % 3}
        for n, text in enumerate(SENTENCES[:8])
    ]
    text = "".join(json.dumps(record) + "\n" for record in causes)
    (folder / "causes.jsonl").write_text(text, encoding="utf-8")
