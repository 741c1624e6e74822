"""A task of single texts in CSV, in three languages of which one column tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapterxlt.execution.run import RunResult

ENTRY = """
kind: text_classification
title: Questions
labels: ["no", "yes"]
languages: [eng_Latn, sr-Latn, pt-BR]
format: csv
files: {train: train.csv, dev: dev.csv}
columns: {text: first, label: same}
language_column: language
"""


def test_own_csv_task(tmp_path: Path, run: Callable[[str], RunResult]) -> None:
    for split, text in (("train", "one, two"), ("dev", "three, four")):
        rows = [
            f'{language},"{text} {n}",{split} {n},{"no" if n % 2 else "yes"}'
            for language in ("eng_Latn", "sr-Latn", "pt-BR")
            for n in range(4)
        ]
        table = tmp_path / f"entries/{split}.csv"  # beside the entry
        table.parent.mkdir(exist_ok=True)
        table.write_text("\n".join(["language,first,second,same", *rows]) + "\n")
    (tmp_path / "entries/questions.yaml").write_text(ENTRY)
    result = run(
        "tasks: entries\n"
        "stages:\n"
        "  q: {train: {task: questions, language: [sr-Latn, pt-BR]}, method: seq_bn}\n"
        "  s: {evaluate: q, on: questions, languages: all}\n"
    )
    found = [(row.language, row.metric, row.n) for row in result.rows]
    assert found == [
        (language, metric, 4)
        for language in ("eng_Latn", "sr-Latn", "pt-BR")
        for metric in ("accuracy", "macro_f1")
    ]
    assert {row.contamination for row in result.rows} == {""}
