"""Small files of translations in XTREME's and jiant's layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext, read_mining

from ..conftest import Write

FOREIGN, ENGLISH = "eins\nzwei\ndrei\n", ("one", "two", "three")


def test_xtreme_s_sorted_english_side_is_put_back_in_order(write: Write, tmp_path: Path) -> None:
    write("tatoeba/de-en.de", FOREIGN)
    write("tatoeba/de-en.en", "one\nthree\ntwo\n")
    write("tatoeba/tatoeba.deu-eng.eng", "one \ntwo\nthree\n")
    bitext = read_bitext(get_task("tatoeba"), [tmp_path], "de")
    assert bitext.source == ("eins", "zwei", "drei")
    assert bitext.target == ENGLISH


def test_a_sorted_english_side_alone_is_refused(write: Write, tmp_path: Path) -> None:
    write("tatoeba/de-en.de", FOREIGN)
    write("tatoeba/de-en.en", "one\nthree\ntwo\n")
    with pytest.raises(MissingDataError, match="the English side is sorted") as caught:
        read_bitext(get_task("tatoeba"), [tmp_path], "de")
    assert "LASER" in str(caught.value)


def test_an_english_side_in_its_own_order_is_aligned(write: Write, tmp_path: Path) -> None:
    write("tatoeba/de-en.de", FOREIGN)
    write("tatoeba/de-en.en", "one\ntwo\nthree\n")
    assert read_bitext(get_task("tatoeba"), [tmp_path], "de").target == ENGLISH


def test_laser_s_english_of_another_set(write: Write, tmp_path: Path) -> None:
    write("tatoeba/de-en.de", FOREIGN)
    write("tatoeba/de-en.en", "one\nthree\ntwo\n")
    write("tatoeba/tatoeba.deu-eng.eng", "one\ntwo\nfour\n")
    with pytest.raises(MissingDataError, match=r"is not .*deu-eng.eng sorted"):
        read_bitext(get_task("tatoeba"), [tmp_path], "de")


def test_jiant_s_labels_tell_the_order(write: Write, tmp_path: Path) -> None:
    write("tatoeba_de/de-en.de", FOREIGN)
    write("tatoeba_de/de-en.en", "one\nthree\ntwo\n")
    write("tatoeba_de/de-en.labels", "0\n2\n1\n")
    assert read_bitext(get_task("tatoeba"), [tmp_path], "de").target == ENGLISH
    write("tatoeba_de/de-en.labels", "0\n2\n2\n")
    with pytest.raises(MissingDataError, match=r"must hold each number from 0 to 2 once"):
        read_bitext(get_task("tatoeba"), [tmp_path], "de")


def test_bucc_in_jiant_s_layout(write: Write, tmp_path: Path) -> None:
    write("bucc2018_de/de-en.dev.de", "de-1\tJa.\n")
    write("bucc2018_de/de-en.dev.en", "en-1\tYes.\n")
    write("bucc2018_de/de-en.dev.gold", "de-1\ten-1\n")
    gold = read_mining(get_task("bucc2018"), [tmp_path], "de", "dev").gold
    assert gold == frozenset({("de-1", "en-1")})
