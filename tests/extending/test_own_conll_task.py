"""A task of CoNLL columns with labels and a language that no built-in task has."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.execution.run import RunResult
from adapterxlt.tasks.catalogue import catalogue

ENTRY = """
kind: tagging
labels: [O, B-BIRD, I-BIRD, B-TREE]
languages: [ckb-Arab, eng_Latn]
splits: [train, test]
format: conll
files: "birds/{lang}/{split}.conll.gz"
columns: {token: 1, tag: 3}
comments: "#"
"""
ROWS = ["# id = 1", "1 grey ADJ B-BIRD", "2 heron NOUN I-BIRD", "3 # SYM O", "4 oak NOUN B-TREE"]
SENTENCE = "\n".join([ROWS[0], *(row.replace(" ", "\t") for row in ROWS[1:]), "", ""])


def test_own_conll_task(tmp_path: Path, run: Callable[[str], RunResult]) -> None:
    assert not any("ckb-Arab" in task.languages for task in catalogue().values())
    for language in ("ckb-Arab", "eng_Latn"):
        for split in ("train", "test"):
            path = tmp_path / f"birds/{language}/{split}.conll.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(SENTENCE.encode() * 6))
    (tmp_path / "birds.yaml").write_text(ENTRY)
    result = run(
        "tasks: [birds.yaml]\n"
        "stages:\n"
        "  b: {train: {task: birds, language: en}, method: lora}\n"
        "  s: {evaluate: b, on: birds, split: test}\n"
    )
    main = {row.language: row for row in result.rows if row.main}
    assert list(main) == ["ckb-Arab", "eng_Latn"]
    assert {(row.metric, row.n, row.task) for row in main.values()} == {("f1", 6, "birds")}
    assert {row.data for row in main.values()} == {tmp_path.name}  # not the recipe's `data`
    assert main["eng_Latn"].contamination  # what it was trained on
    assert {row.metric for row in result.rows} == {"f1", "precision", "recall"}
    # Elsewhere, where there is no entry of that name: its head tells what it predicts.
    (tmp_path / "birds.yaml").rename(tmp_path / "trees.yaml")
    again = "tasks: [trees.yaml]\nstages:\n  u: {use: 'runs:b'}\n"
    rows = run(f"{again}  s: {{evaluate: u, on: trees, split: test, languages: [en]}}\n").rows
    assert [row.value for row in rows if row.main] == [main["eng_Latn"].value]
    with pytest.raises(InvalidRecipeError, match=r"`u` cannot be evaluated on `panx`"):
        run(f"{again}  s: {{evaluate: u, on: panx}}\n")
