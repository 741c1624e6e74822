from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.tasks.lookalikes import difference, same_to_the_eye


def test_white_space_normal_forms_and_what_cannot_be_seen() -> None:
    assert same_to_the_eye("10 km", "10\u00a0km")
    assert same_to_the_eye("Caf\u00e9", "Cafe\u0301")
    assert same_to_the_eye("ab", "a\u200bb")
    assert not same_to_the_eye("ab", "ac")
    assert difference("ab", "a") == "character 2 is U+0062 (LATIN SMALL LETTER B), not its end"
    assert difference("a\u0001", "a ") == "character 2 is U+0001, not U+0020 (SPACE)"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["NFC", "NFD", "NFKC"]))
def test_every_normal_form_looks_the_same(text: str, form: str) -> None:
    other = unicodedata.normalize(form, text)
    assert same_to_the_eye(text, other)
    if other != text:
        assert difference(text, other).startswith("character ")
