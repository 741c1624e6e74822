from __future__ import annotations

import json

import pytest

from adapterxlt.sharing.strict_json import parse


@pytest.mark.parametrize(
    "value", [{"a": [1, 1.5, -2, None, True, "ü\n"], "b": {}}, [], 2**64 - 1, 1e-300, "\U0001f600"]
)
def test_what_json_is(value: object) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 1}', "a name twice"),
        ('[{"b": {"a": 1, "a": 2}}]', "a name twice"),
        ("NaN", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("1e400", "too large"),
        ("1" * 31, "too long"),
        ('"\\udc00"', "surrogates"),
        ('{"\\ud800": 1}', "surrogates"),
        ("[" * 100_000, "nested too deeply"),
        ("", "Expecting value"),
        ("{} {}", "Extra data"),
    ],
)
def test_what_it_is_not(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)
