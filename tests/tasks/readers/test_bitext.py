from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext

from ..conftest import Write

SOURCE, TARGET = "tatoeba/v1/tatoeba.deu-eng.deu", "tatoeba/v1/tatoeba.deu-eng.eng"


def test_aligned_lines(write: Write, tmp_path: Path) -> None:
    write(SOURCE, "Ja.\u2028\nNein.\n")
    write(TARGET, "Yes.\r\nNo.")
    assert read_bitext(get_task("tatoeba"), [tmp_path], "de") == Bitext(
        "de", ("Ja.\u2028", "Nein."), ("Yes.", "No.")
    )


def test_unequal_numbers_of_lines(write: Write, tmp_path: Path) -> None:
    write(SOURCE, "Ja.\nNein.\n")
    target = write(TARGET, "Yes.\n")
    with pytest.raises(MissingDataError, match=r"2 lines, but .* has 1") as caught:
        read_bitext(get_task("tatoeba"), [tmp_path], "de")
    assert str(target) in caught.value.message


def test_blank_lines(write: Write, tmp_path: Path) -> None:
    write(SOURCE, "Ja.\nNein.\n")
    path = write(TARGET, "Yes.\n \n")
    with pytest.raises(MissingDataError) as caught:
        read_bitext(get_task("tatoeba"), [tmp_path], "de")
    assert caught.value.message == f"{path}:2: a blank line"
