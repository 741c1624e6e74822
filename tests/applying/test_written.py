"""Files of answers are read back as they were, also where texts hold line breaks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from adapterxlt.applying.written import Writer, is_table
from adapterxlt.kinds.answers import PredictedSpan
from adapterxlt.lines import BREAKS
from adapterxlt.store.output import check_output

TEXTS = [f"one{sign}two" for sign in BREAKS] + ["one\r", "\rone", 'say "hi", he said', ""]


def written(path: Path) -> Path:
    """One answer for each text, with the text as the input's id too."""
    with check_output(path).open_text() as file:
        writer = Writer(file, is_table(path))
        for number, text in enumerate(TEXTS):
            writer.write(number, text, PredictedSpan(text, 0, len(text), 0.5))
    return path


def test_a_table_has_a_row_for_each_answer(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv")
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "id", "text", "start", "end", "score", "no_answer"]
    assert [row[:3] for row in rows] == [[str(n), text, text] for n, text in enumerate(TEXTS)]
    assert rows[0][3:] == ["0", "7", "0.500000", ""]
    # Files that are opened without `newline`, and lines that are cut at every line break.
    with path.open(encoding="utf-8") as file:
        assert len([*csv.reader(file)]) == len(TEXTS) + 1
    text = path.read_bytes().decode()
    assert len([*csv.reader(text.splitlines(keepends=True))]) == len(TEXTS) + 1
    assert text.startswith("line,id,text,start,end,score,no_answer\n")


def test_pandas_reads_the_same_rows(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    for engine in ("c", "python"):
        frame = pandas.read_csv(written(tmp_path / "a.csv"), keep_default_na=False, engine=engine)
        assert frame.id.tolist() == TEXTS
        assert frame.text.tolist() == TEXTS


def test_json_lines(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line)["text"] for line in lines if line] == TEXTS
