"""Hints for unknown names."""

from __future__ import annotations

from adapterxlt.suggest import suggest


def test_a_name_is_listed_once() -> None:
    assert suggest("nope", ["direct", "after", "direct", "after"]) == "known: after, direct"
    assert suggest("dirct", ["direct", "after", "direct"]) == "did you mean `direct`?"
    assert suggest("nope", []) == "none is known"
