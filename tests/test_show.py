from __future__ import annotations

import json

import pytest

from adapterxlt.show import number_of, printable, printable_json, size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [(812, "812 B"), (1_000, "1.0 kB"), (3_440_000, "3.4 MB"), (5 * 10**9, "5.0 GB")],
)
def test_size_text(size: int, text: str) -> None:
    assert size_text(size) == text


def test_nothing_steers_the_terminal() -> None:
    text = "a\x1b[2J\u202eb\r\x9b\tc\nd"
    assert printable(text) == "a?[2J?b???c?d"
    assert printable(text, lines=True) == "a?[2J?b??\tc\nd"
    assert printable(12) == "12"


def test_json_means_the_same_and_steers_nothing() -> None:
    document = {"a": "\x9b2J\u202eb é\x7f", "b": [1]}
    text = printable_json(json.dumps(document, ensure_ascii=False, indent=1))
    assert json.loads(text) == document
    assert text == printable(text, lines=True)
    assert "é" in text


def test_one_thing_has_no_plural() -> None:
    told = [number_of(count, "weight") for count in (0, 1, 2)]
    assert told == ["0 weights", "1 weight", "2 weights"]
