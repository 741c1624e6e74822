"""What a data folder states about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.description import DESCRIPTION_NAME, stated_languages
from adapterxlt.tasks.find import available_languages

from .conftest import Write

XQUAD = get_task("xquad")


def test_nothing_is_stated(tmp_path: Path) -> None:
    assert stated_languages(tmp_path) == frozenset()


def test_languages_are_words(write: Write, tmp_path: Path) -> None:
    write(DESCRIPTION_NAME, "# ours\nlanguages: [en, no, zh-Hant]\n")
    assert stated_languages(tmp_path) == {"en", "no", "zh-Hant"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("languages: [en\nx: {", "line 2: expected"),
        ("languages: [en, '']", "languages.1: String should match"),
        ("languages: en", "languages: "),
        ("language: [en]", "languages: Field required"),
        ("- en", "should be a valid dictionary"),
        ("", "should be a valid dictionary"),
        (b"languages: [\xff]", "invalid start byte"),
        ("languages: [" + "en, " * 20_000 + "en]", "is too long"),
        ("languages: " + "[" * 5_000, "adapterxlt-data"),
    ],
)
def test_what_cannot_be_read_is_said(
    write: Write, tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = write(DESCRIPTION_NAME, content)
    with pytest.raises(MissingDataError, match=message) as caught:
        stated_languages(tmp_path)
    assert str(path) in str(caught.value)


def test_all_takes_what_is_stated_and_has_files(write: Write, tmp_path: Path) -> None:
    for code in ("de", "en", "fr", "ro", "sw"):
        write(f"own/xquad/xquad.{code}.json", "{}")
        write(f"official/xquad/xquad.{code}.json", "{}")
    write(f"own/{DESCRIPTION_NAME}", "languages: [sw, ro, lv]")
    own, official = tmp_path / "own", tmp_path / "official"
    assert available_languages(XQUAD, [official], "dev") == ("en", "de")
    assert available_languages(XQUAD, [own], "dev") == ("en", "de", "ro", "sw")
    # What one folder states says nothing of another's files.
    (own / "xquad/xquad.sw.json").unlink()
    assert available_languages(XQUAD, [own, official], "dev") == ("en", "de", "ro")
