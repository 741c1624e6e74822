"""Normalised texts and their hashes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.tasks.fingerprint import normalise_text, text_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  “Hello,\tWORLD!” ", "hello, world"),
        ("Straße", "strasse"),
        ("ﬁne １２", "fine 12"),
        ("他说：「你好。」", "他说:「你好"),
        ("don't stop", "don't stop"),
        ("...", ""),
        ("", ""),
    ],
)
def test_normalised_form(text: str, expected: str) -> None:
    assert normalise_text(text) == expected


def test_hash_is_blake2b_of_the_normalised_text() -> None:
    digest = hashlib.blake2b(b"hello, world", digest_size=8).digest()
    assert text_hash("Hello,  world!") == int.from_bytes(digest, "little")
    assert text_hash("hello world") != text_hash("hello, world")


@given(st.text())
def test_case_spacing_and_outer_punctuation_do_not_count(text: str) -> None:
    assert text_hash(f' "{text}"\n.') == text_hash(text)
    assert 0 <= text_hash(text) < 1 << 64
    normal = normalise_text(text)
    assert "  " not in normal
    assert normal == normal.strip()
