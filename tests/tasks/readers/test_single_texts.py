from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.readers.single_texts import read_labelled_texts, read_valued_texts


def found(
    folder: Path, text: str, split: str = "train", several: bool = False, **columns: str
) -> Any:
    path = folder / "data.tsv"
    path.write_text(text, encoding="utf-8")
    layout = Layout(name="x", format="labelled_texts", files={}, columns=dict(columns))
    task = SimpleNamespace(name="x", labels=("a", "b"), multi_label=several, label_count=None)
    return SimpleNamespace(
        files={"data": path}, layout=layout, task=task, split=split, language="en"
    )


def test_one_label_or_several(tmp_path: Path) -> None:
    one = found(tmp_path, "text\tlabel\nIt rained.\tb\n")
    assert [*read_labelled_texts(one)] == [LabelledText("0", "It rained.", label="b")]
    many = found(tmp_path, "t\tu\tlabel\nIt\trained.\tb|a\nNo\t.\t\n", several=True)
    many.layout = many.layout.model_copy(update={"columns": {"text": "t", "text_pair": "u"}})
    assert [*read_labelled_texts(many)] == [
        LabelledText("0", "It", "rained.", labels=("b", "a")),
        LabelledText("1", "No", ".", labels=()),
    ]
    with pytest.raises(MissingDataError, match=":2: unknown label `c`"):
        [*read_labelled_texts(found(tmp_path, "text\tlabel\nIt rained.\tc\n"))]


def test_numbers(tmp_path: Path) -> None:
    assert [*read_valued_texts(found(tmp_path, "text\tscore\nIt\t2.5\n", value="score"))] == [
        ValuedText("0", "It", value=2.5)
    ]
    assert [*read_valued_texts(found(tmp_path, "text\nIt\n", "test"))] == [ValuedText("0", "It")]
    for wrong in ("much", "nan", "inf"):
        with pytest.raises(MissingDataError, match=f":2: `{wrong}` is not a number"):
            [*read_valued_texts(found(tmp_path, f"text\tvalue\nIt\t{wrong}\n"))]
