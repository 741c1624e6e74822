from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_mining

from ..conftest import Write

STEM = "bucc2018/de-en.dev"


@pytest.fixture
def sentences(write: Write) -> None:
    write(f"{STEM}.de", "de-1\tJa.\nde-2\tNein.\tDoch.\n")
    write(f"{STEM}.en", "en-1\tNo.\nen-2\tYes.\nen-3\t\n")


@pytest.mark.usefixtures("sentences")
def test_sentences_and_gold(write: Write, tmp_path: Path) -> None:
    write(f"{STEM}.gold", "de-1\ten-2\nde-2\ten-1\n")
    assert read_mining(get_task("bucc2018"), [tmp_path], "de", "dev") == MiningSet(
        language="de",
        source_ids=("de-1", "de-2"),
        source=("Ja.", "Nein.\tDoch."),
        target_ids=("en-1", "en-2", "en-3"),
        target=("No.", "Yes.", ""),
        gold=frozenset({("de-1", "en-2"), ("de-2", "en-1")}),
    )


@pytest.mark.usefixtures("sentences")
def test_withheld_gold(tmp_path: Path) -> None:
    assert read_mining(get_task("bucc2018"), [tmp_path], "de", "dev").gold is None


def test_the_shared_task_s_own_names(write: Write, tmp_path: Path) -> None:
    stem = "bucc2018/fr-en/fr-en"
    write(f"{stem}.sample.fr", "fr-1\tOui.\n")
    write(f"{stem}.sample.en", "en-1\tYes.\n")
    write(f"{stem}.sample.gold", "fr-1\ten-1\n")
    mining = read_mining(get_task("bucc2018"), [tmp_path], "fr", "dev")
    assert mining.gold == {("fr-1", "en-1")}


@pytest.mark.usefixtures("sentences")
@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("de", "de-1\tJa.\nde-1\tNein.\n", ":2: id `de-1` occurs twice"),
        ("de", "de-1\tJa.\nNein.\n", ":2: no id"),
        ("en", "en-1\tYes.\n\nen-2\tNo.\n", ":2: no id"),
        ("de", "de-1\tJa.\nde\r2\tNein.\n", r":2: the id 'de\\r2' contains the line break U\+000D"),
        ("en", "en\u20281\tYes.\n", r":1: the id .* contains the line break U\+2028"),
        ("gold", "de-1\ten-1\nde-1\ten-9\n", ":2: the gold pair names `en-9`"),
        ("gold", "de-9\ten-1\n", ":1: the gold pair names `de-9`"),
        ("gold", "en-1\tde-1\n", ":1: the gold pair names `en-1`"),
        ("gold", "de-1 en-1\n", ":1: not a pair of ids"),
        ("gold", "de-1\ten-1\nde-1\ten-1\n", ":2: gold pair `de-1`, `en-1` occurs twice"),
    ],
)
def test_bad_lines(write: Write, tmp_path: Path, file: str, content: str, message: str) -> None:
    path = write(f"{STEM}.{file}", content)
    with pytest.raises(MissingDataError, match=message) as caught:
        read_mining(get_task("bucc2018"), [tmp_path], "de", "dev")
    assert caught.value.message.startswith(str(path))


def test_the_first_pairs_and_as_many_other_sentences() -> None:
    gold = frozenset({("d-3", "e-1"), ("d-1", "e-4"), ("d-4", "e-3")})
    ids = tuple(f"d-{number}" for number in range(6)), tuple(f"e-{number}" for number in range(7))
    whole = MiningSet("de", ids[0], ids[0], ids[1], ids[1], gold)
    kept = ("d-0", "d-1", "d-2", "d-3"), ("e-0", "e-1", "e-2", "e-4")
    first = frozenset({("d-3", "e-1"), ("d-1", "e-4")})
    assert whole.first(2) == MiningSet("de", kept[0], kept[0], kept[1], kept[1], first)
    assert whole.first(9) == whole
    assert replace(whole, gold=None).first(1) == MiningSet(
        "de", ("d-0",), ("d-0",), ("e-0",), ("e-0",), None
    )
