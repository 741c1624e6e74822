"""A kind of tasks with examples, a reader, and a head of its own, of installed packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import adapterxlt as xlt
from adapterxlt.cli.main import cli
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.execution.run import RunResult
from tests.plugin import installed

# Does a word mean the same in two sentences? (WiC)
KIND = """
from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True)
class WordInContext:
    id: str
    word: str
    first: str
    second: str
    same: bool | None


WORDS = Kind(
    name="word_in_context",
    example=WordInContext,
    pipeline="text-classification",
    metrics=("accuracy",),
    workings_at="wic_workings:Words",
    is_labelled=lambda example: example.same is not None,
    texts=lambda example: (example.first, example.second),
    given=lambda value, name: WordInContext(name, *value, None),
    head=Head(
        adapters="classification",
        form={"layers": 2, "activation_function": "tanh", "use_pooler": False},
        transformers="ForSequenceClassification",
        peft="SEQ_CLS",
        outputs=2,
    ),
)
"""
WORKINGS = """
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.workings import Workings, best_classes, missing_label, text_rows


class Words(Workings):
    def encode(self, examples, tokenizer, limits, labels):
        first = [f"{example.word}: {example.first}" for example in examples]
        second = [example.second for example in examples]
        rows = text_rows(tokenizer, first, second, limits.max_length)
        for example in examples if labels is not None else ():
            if example.same is None:
                raise missing_label(example)
        return [
            Feature(n, [row], None if labels is None else int(examples[n].same))
            for n, row in enumerate(rows)
        ]

    def add_head(self, model, name, head, activation):
        model.add_classification_head(name, num_labels=2, activation_function=activation)

    def decode(self, examples, outputs, task, odds):
        return best_classes(len(examples), outputs)

    def right(self, example, task):
        return int(example.same)
"""
READER = """
from adapterxlt.tasks.streams import stream_lines
from wic_kind import WordInContext


def read(found):
    for number, line in stream_lines(found.files["data"]):
        word, first, second, same = line.rstrip("\\n").split(" | ")
        yield WordInContext(str(number), word, first, second, same == "T")
"""
ENTRY = """
kind: word_in_context
languages: [en, ka]
format: wic
files: "wic/{lang}.{split}.txt"
splits: [train, dev]
"""
RECIPE = """
tasks: [wic.yaml]
stages:
  w: {train: wic, method: lora, keep: best}
  v: {train: wic, method: lora, seed: 2}
  m: {merge: [w, v]}
  s: {evaluate: [w, m], on: wic, languages: all}
"""


@pytest.fixture
def package(tmp_path: Path) -> Iterator[None]:
    kind, reader = {"word_in_context": "wic_kind:WORDS"}, {"wic": "wic_reader:read"}
    first, second = tmp_path / "package", tmp_path / "another"
    with (
        installed(first, group="kinds", names=kind, module="wic_kind", source=KIND),
        installed(second, group="readers", names=reader, module="wic_reader", source=READER),
    ):
        (first / "wic_workings.py").write_text(WORKINGS)
        yield


@pytest.fixture
def data(tmp_path: Path) -> None:
    (tmp_path / "wic").mkdir()
    lines = ["bank | By the bank | At a bank | F\n", "cat | A cat | My cat | T\n"] * 3
    for name, count in (("en.train", 6), ("en.dev", 4), ("ka.dev", 3)):
        (tmp_path / f"wic/{name}.txt").write_text("".join(lines[:count]))
    (tmp_path / "wic.yaml").write_text(ENTRY)


@pytest.mark.usefixtures("package", "data")
def test_it_is_trained_merged_measured_and_exported(
    tmp_path: Path, tiny_backbone: Path, run: Callable[[str], RunResult]
) -> None:
    run(RECIPE)
    rows = json.loads((tmp_path / "runs/results.json").read_text())["rows"]
    shown = [(row["model"], row["language"], row["metric"], row["n"]) for row in rows]
    assert shown == [
        (model, language, "accuracy", n)
        for model in ("w", "m")
        for language, n in (("en", 4), ("ka", 3))
    ]
    assert all(row["value"] * row["n"] / 100 in range(5) for row in rows if row["language"] == "en")
    model = xlt.load(tmp_path / "runs:w", tasks=[tmp_path / "wic.yaml"])
    answers = model.predict([("cat", "A cat", "My cat"), ("bank", "By it", "At it" * 200)])
    assert all(isinstance(one, xlt.PredictedOther) for one in answers)
    assert {one.prediction for one in answers} <= {0, 1}
    out = tmp_path / "out"
    model = ["artifact", "export", f"{tmp_path}/runs:w"]
    told = CliRunner().invoke(
        cli, [*model, "--to", "peft", "--out", str(out), "--backbone", str(tiny_backbone)]
    )
    assert told.exit_code == 0, told.output
    assert json.loads((out / "adapter_config.json").read_text())["task_type"] == "SEQ_CLS"


@pytest.mark.usefixtures("data")
def test_without_the_package(run: Callable[[str], RunResult]) -> None:
    with pytest.raises(InvalidRecipeError, match=r"wic.yaml:2: kind: unknown kind of task `word"):
        run(RECIPE)
