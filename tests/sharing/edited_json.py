"""Random edits of a JSON document, those that no JSON library writes included."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st


class Members(list[tuple[str, Any]]):
    """An object as the pairs it is written as: a name may come twice."""


class Raw(str):
    """A value as it is written."""


# Numbers out of range and no numbers, half a character, depth, other writings of the same.
RAW = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1.0", "1e2", "0x10", "01", "+1", "", "tru"),
    *('"\\ud800"', '"\\u0000"', '"\x1b[2J"', '"\\u202e"', "9" * 31, "9" * 5000, "1" + "0" * 4400),
    *("[" * 200 + "]" * 200, "[" * 100_000, '{"a":' * 3000 + "1" + "}" * 3000, '{"a":1,"a":2}'),
]
NUMBERS = [-1, 0, 1, 7, 1 << 31, 1 << 32, 1 << 47, 1 << 48, 1 << 53, (1 << 63) - 1, 1 << 64]
WORDS = ["F32", "F16", "BF16", "U8", "f32", "F128", "", "shape", "files", "../x", "a.weight"]
WORDS += ["__metadata__", "adapter.safetensors", "train", "evaluate"]
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(RAW).map(Raw),
    st.sampled_from(NUMBERS),
    st.integers(),
    st.floats(),
    st.booleans() | st.none(),
    st.sampled_from(WORDS) | st.text(max_size=20),
    st.lists(st.integers(0, 1 << 48), max_size=9),
    st.just(Members()),
)
EDITS = ("value", "number", "remove", "twice", "rename", "add", "swap", "wrap")


def members(value: Any) -> Any:
    """A document in the form that can be edited."""
    if isinstance(value, dict):
        return Members((name, members(item)) for name, item in value.items())
    return [members(item) for item in value] if isinstance(value, list) else value


def written(value: Any) -> str:
    """The text of an edited document."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{written(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def edited(document: Any, data: st.DataObject) -> str:
    """The text of a document after one to three edits, each at a random place.

    The document can itself be removed, or come twice.
    """
    root = [members(document)]
    for _ in range(data.draw(st.integers(1, 3), label="edits")):
        if there := places(root):
            edit(data, *there[data.draw(st.integers(0, len(there) - 1), label="place")])
    return " ".join(map(written, root))


def places(root: Any) -> list[tuple[list[Any], int]]:
    """Every value of a document as the list it is in, and where."""
    found: list[tuple[list[Any], int]] = []
    left: list[list[Any]] = [root]
    while left:
        inside = left.pop()
        for index, item in enumerate(inside):
            found.append((inside, index))
            value = item[1] if isinstance(inside, Members) else item
            if isinstance(value, list):
                left.append(value)
    return found


def edit(data: st.DataObject, inside: list[Any], index: int) -> None:
    """Change one value, its name, or its neighbours."""
    named = isinstance(inside, Members)
    name, value = inside[index] if named else ("", inside[index])
    kind = data.draw(st.sampled_from(EDITS), label="edit")
    if kind == "number" and isinstance(value, int):
        value += data.draw(st.sampled_from([-1, 1, 4, 1 << 32, -(1 << 32)]))
    elif kind == "rename" and named:
        name = data.draw(st.sampled_from(WORDS) | st.text(max_size=20), label="name")
    elif kind == "swap":
        other = data.draw(st.integers(0, len(inside) - 1))
        inside[index], inside[other] = inside[other], inside[index]
        return
    elif kind == "remove":
        del inside[index]
        return
    elif kind in ("twice", "add"):
        new = value if kind == "twice" else data.draw(JUNK, label="value")
        label = name if kind == "twice" else data.draw(st.sampled_from(WORDS), label="name")
        inside.insert(data.draw(st.integers(0, len(inside))), (label, new) if named else new)
        return
    elif kind == "wrap":
        depth = data.draw(st.sampled_from([1, 2, 50, 500]), label="depth")
        value = Raw("[" * depth + written(value) + "]" * depth)
    else:
        value = data.draw(JUNK, label="value")
    inside[index] = (name, value) if named else value
