"""Quotes in tables of inputs are read as the task's own data are."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.applying.quoting import quoting_of
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.own import own_catalogue

OWN = """\
kind: text_classification
labels: [a, b]
languages: [en]
format: tsv
quoting: none
files: {train: x.tsv}
columns: {text: line, label: label}
"""


@pytest.mark.parametrize(
    ("task", "written", "header", "quoting"),
    [
        ("xnli", "tsv", "sentence1\tsentence2\n", "lines"),
        ("xnli", "tsv", "premise\thypothesis\r\n", "lines"),  # as its other tables in TSV
        ("xnli", "tsv", '"premise"\t"hypothesis"\n', "csv"),
        ("xnli", "csv", "premise,hypothesis\n", "csv"),
        ("afrixnli", "tsv", "premise\thypothesis\n", "csv"),
        ("stsb", "tsv", "sentence1\tsentence2\n", "none"),
        ("stsb", "csv", "sentence1,sentence2\n", "csv"),
        ("taxi1500", "tsv", "text\n", "none"),  # without a header
        ("xglue_qam", "tsv", "question\tanswer\n", "none"),
        ("xquad", "tsv", "question\tcontext\n", "csv"),  # it has no tables
        ("udpos", "tsv", "words\n", "csv"),
    ],
)
def test_tasks_that_come_with_it(task: str, written: str, header: str, quoting: str) -> None:
    assert quoting_of(get_task(task), written, header) == quoting


def own(folder: Path, text: str) -> Task:
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return own_catalogue([folder / "own.yaml"])["own"]


def test_an_entry_says_it(tmp_path: Path) -> None:
    task = own(tmp_path, OWN)
    assert quoting_of(task, "tsv", "text\n") == "none"
    assert quoting_of(task, "csv", "line\n") == "csv"
    assert quoting_of(own(tmp_path, OWN.replace("none", "csv")), "tsv", "line\n") == "csv"
