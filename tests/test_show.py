from __future__ import annotations

import pytest

from adapterxlt.show import printable, size_text


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
