from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.progress import Silent
from adapterxlt.results.costs import (
    COSTS_NAME,
    Cost,
    Measured,
    measured_of,
    note_measured,
    of_step,
    read_costs,
    write_costs,
)
from adapterxlt.results.file import DamagedResultsError


class Notes(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


TRAINED = Cost(
    seconds=2.5, parameters=25, head_parameters=3, backbone_parameters=1000, recipe="r",
    recipe_id="1", step="nli", kind="train", method="lora", fingerprint="a" * 64, bytes=400,
)  # fmt: skip
MEASURED = Cost(
    seconds=1.5, queries=10, query_seconds=0.125, recipe="r", recipe_id="1", step="scores/nli/xnli",
    kind="evaluate", task="xnli", fingerprint="b" * 64,
)  # fmt: skip


def test_what_costs_say() -> None:
    assert (TRAINED.share, TRAINED.model, TRAINED.measures) == (2.5, "nli", False)
    assert (MEASURED.share, MEASURED.model, MEASURED.measures) == (None, "nli", True)


def test_what_is_noted_is_read(tmp_path: Path) -> None:
    assert measured_of(tmp_path, "a") is None
    measured = Measured(seconds=1.25, resumed=True, peak_memory=7, queries=3, query_seconds=0.5)
    note_measured(tmp_path, "a", measured)
    assert measured_of(tmp_path, "a") == measured
    assert of_step(measured, step="nli") == Cost(
        seconds=1.25, resumed=True, peak_memory=7, queries=3, query_seconds=0.5, step="nli"
    )


def test_costs_of_other_recipes_stay(tmp_path: Path) -> None:
    notes = Notes()
    assert read_costs(tmp_path) == []
    write_costs(tmp_path, [TRAINED, MEASURED], notes)
    other = Cost(seconds=9.0, recipe="r", recipe_id="2", step="nli")
    write_costs(tmp_path, [other], notes)
    write_costs(tmp_path, [TRAINED], notes)
    assert read_costs(tmp_path) == [other, TRAINED]
    assert json.loads((tmp_path / COSTS_NAME).read_text())["costs"][1]["share"] == 2.5
    assert notes.lines == []


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2, "costs": []}', '{"schema": 1}', "[" * 9])
def test_a_damaged_file_is_put_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / COSTS_NAME).write_text(text)
    with pytest.raises(DamagedResultsError, match="the file is damaged, or another version"):
        read_costs(tmp_path)
    notes = Notes()
    write_costs(tmp_path, [TRAINED], notes)
    assert read_costs(tmp_path) == [TRAINED]
    [note] = notes.lines
    aside = Path(note.split("; it was renamed to ")[1])
    assert aside.read_text() == text
