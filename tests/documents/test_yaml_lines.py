"""YAML with line numbers: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.documents.nodes import Places, dotted, plain
from adapterxlt.documents.yaml_lines import MAX_BYTES, read_file, read_text, read_value
from adapterxlt.errors import InvalidRecipeError, Problem


def read(text: str) -> object:
    found: list[Problem] = []
    node = read_text(text, "r.yaml", found)
    assert found == []
    return plain(node)


def refused(text: str) -> list[str]:
    found: list[Problem] = []
    try:
        read_text(text, "r.yaml", found)
    except InvalidRecipeError as error:
        found = list(error.problems)
    return [str(problem) for problem in found]


def test_values_follow_yaml_1_2() -> None:
    text = "{a: 3e-4, b: no, c: 1:30, d: 0x1F, e: '5', f: true, g: ~, h: .5, i: 2020-01-01, j: -7}"
    assert read(text) == {
        "a": 3e-4,
        "b": "no",  # Norwegian
        "c": "1:30",
        "d": "0x1F",
        "e": "5",
        "f": True,
        "g": None,
        "h": 0.5,
        "i": "2020-01-01",
        "j": -7,
    }


def test_numbers_out_of_range_stay_texts() -> None:
    assert read("{a: 1e999, b: .nan, c: " + "9" * 5000 + "}") == {
        "a": "1e999",
        "b": ".nan",
        "c": "9" * 5000,
    }


def test_every_value_knows_its_line() -> None:
    node = read_text("a:\n  b: 1\n\n  c:\n    - x\n    - {y: 2}\n", "r.yaml", [])
    places = Places(node)
    lines = {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 4, ("a", "c", 0): 5, ("a", "c", 1): 6,
        ("a", "c", 1, "y"): 6,
    }  # fmt: skip
    assert {path: places.of(path).line for path in lines} == lines
    assert places.of(("a", "c", 1, "missing")).line == 6
    assert dotted(("a", "c", 1, "y")) == "a.c[1].y"


def test_anchors_and_merge_keys() -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd: &d {z: 0}\ne: {<<: [*d, *a]}\n"
    tree = read(text)
    assert isinstance(tree, dict)
    assert tree["b"] == {"x": 1, "y": 3}
    assert tree["c"] == {"x": 1, "y": 2}
    assert tree["e"] == {"x": 1, "y": 2, "z": 0}


def test_duplicate_keys_are_told_with_both_lines() -> None:
    found: list[Problem] = []
    read_text("a: 1\nb: {c: 1,\n  c: 2}\na: 2\n", "r.yaml", found)
    assert [str(problem) for problem in found] == [
        "r.yaml:3: b.c: is given twice (the first is on line 2)",
        "r.yaml:4: a: is given twice (the first is on line 1)",
    ]


@pytest.mark.parametrize(
    ("text", "start", "part"),
    [
        ("", "r.yaml:1: ", "is empty"),
        ("# only a comment\n", "r.yaml:1: ", "is empty"),
        ("- a\n", "r.yaml:1: ", "must be a mapping"),
        ("just words", "r.yaml:1: ", "must be a mapping"),
        ("a: 1\n\tb: 2\n", "r.yaml:2: ", "indent with spaces, not with tabs"),
        ("a: {b: 1\nc: 2\n", "r.yaml:2: ", "YAML: "),
        ("a: 1\n---\nb: 1\n", "r.yaml:2: ", "but found another document"),
        ("a: *nowhere\n", "r.yaml:1: ", "undefined alias"),
        ("a: 1\nb: {train: x, method: lora[r=4]}\n", "r.yaml:2: ", 'method: "lora[r=4]"'),
        ("a: 1\nb: {train: ${x}}\n", "r.yaml:2: ", 'put a placeholder in quotes: "${name}"'),
        ("a: !!python/object/apply:os.system [ls]\n", "r.yaml:1: a: ", "is not allowed"),
        ("a: !!python/name:os.system x\n", "r.yaml:1: a: ", "is not allowed"),
        ("a: !!binary aGk=\n", "r.yaml:1: a: ", "is not allowed"),
        ("a: !!set {x}\n", "r.yaml:1: a: ", "is not allowed"),
        ("a: !own x\n", "r.yaml:1: a: ", "is not allowed"),
        ("? [a, b]\n: 1\n", "r.yaml:1: ", "a key must be a plain word"),
        ("a: x\nb: {<<: 3}\n", "r.yaml:2: b.<<: ", "must be a mapping"),
        ('a: "\\e[31m"\n', "r.yaml:1: a: ", "control character"),
        ('"\\a": 1\n', "r.yaml:1: ", "control character"),
        ('a: "\\uD800"\n', "r.yaml:1: a: ", "control character"),
        ('a: "\\UFFFFFFFF"\n', "r.yaml: ", "YAML: "),
        ("a: 1\nb: \x00\n", "r.yaml:2: ", "U+0000 is not allowed"),
        ("a: " + "[" * 40 + "]" * 40, "r.yaml:1: ", "nested more than 16 deep"),
        ("a: " + "{x: " * 3000, "r.yaml:1: ", "nested more than 16 deep"),
        ("a: &a [*a]\n", "r.yaml:1: ", "is too large"),
        ("a: &a {<<: *a}\n", "r.yaml:1: ", "is too large"),
    ],
)
def test_what_is_no_recipe(text: str, start: str, part: str) -> None:
    found = refused(text)
    assert len(found) == 1, found
    assert found[0].startswith(start)
    assert part in found[0]


def test_an_alias_bomb_is_stopped_early() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        text += f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]\n"
    found = refused(text)  # 10^12 values, which no machine could read
    assert ["is too large" in problem for problem in found] == [True]


def test_many_problems_are_cut() -> None:
    assert len(refused("".join(f"a: {n}\n" for n in range(500)))) == 50


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: \xff\n", "r:2: is not UTF-8 text (save the file as UTF-8)"),
        ("a: ü".encode("latin-1"), "r:1: is not UTF-8 text (save the file as UTF-8)"),
        ("a: 1".encode("utf-16"), "r:1: is not UTF-8 text (save the file as UTF-8)"),
        (b"#" * (MAX_BYTES + 1), "r: is larger than 256 KiB"),
        (b"", "r:1: is empty (a recipe needs `stages`)"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(data)
    with pytest.raises(InvalidRecipeError) as caught:
        read_file(path, "r", [])
    assert str(caught.value) == message


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipeError, match="r: cannot be read: No such file"):
        read_file(tmp_path / "no.yaml", "r", [])
    with pytest.raises(InvalidRecipeError, match="r: cannot be read: "):
        read_file(tmp_path, "r", [])


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    assert plain(read_file(path, "r", [])) == {"a": 1, "b": "x"}


def test_single_values() -> None:
    assert plain(read_value("3e-4", "--set", ("lr",))) == 3e-4
    assert plain(read_value("[a, b]", "--set", ("on",))) == ["a", "b"]
    assert plain(read_value("", "--set", ("on",))) is None
    with pytest.raises(InvalidRecipeError) as caught:
        read_value("[a", "--set", ("stages", "x", "on"))
    assert str(caught.value).startswith("--set: stages.x.on: YAML: ")


YAML = st.text(
    st.sampled_from(list("abn:,-?&*!|>'\"%@`#{}[]<~$= \n\t0129.e\\xuU\x00\x85\ufeff")), max_size=80
)


@given(YAML | st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for problem in refused(text):
        assert problem.startswith("r.yaml")
    try:
        read_value(text, "--set", ("a",))
    except InvalidRecipeError as error:
        problems = error.problems
    else:
        problems = ()
    assert all(problem.file == "--set" for problem in problems)


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("recipes") / "r.yaml"
    path.write_bytes(data)
    try:
        node = read_file(path, "r", [])
    except InvalidRecipeError:
        return
    assert isinstance(node.value, dict)
