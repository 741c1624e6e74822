from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks import reading as files
from adapterxlt.tasks.reading import parse_json, read_lines, read_text

from .conftest import Write


def test_line_feeds_alone_end_lines(write: Write) -> None:
    # U+2028, U+2029, NEL, vertical tab, form feed and file separators are part of a text.
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"
    assert read_lines(write("f", f"{text}\nnext\n")) == [text, "next"]


def test_crlf_and_a_lone_carriage_return(write: Write) -> None:
    assert read_lines(write("f", "one\r\ntwo\rhalf\r\n\r\nthree")) == [
        "one",
        "two\rhalf",
        "",
        "three",
    ]


def test_carriage_returns_alone_end_no_lines(write: Write) -> None:
    with pytest.raises(MissingDataError, match="its lines end in carriage returns"):
        read_lines(write("f", "one\rtwo\r"))
    assert read_lines(write("f", "one\r")) == ["one"]  # as before: a lone one ends a line of CRLF


def test_a_missing_last_line_end_changes_nothing(write: Write) -> None:
    assert read_lines(write("f", "one\ntwo")) == read_lines(write("g", "one\ntwo\n"))


def test_byte_order_mark_is_dropped(write: Write) -> None:
    assert read_lines(write("f", "\ufeffone\n".encode())) == ["one"]


def test_wrong_encoding_names_line_and_offset(write: Write) -> None:
    path = write("f", b"eins\nzwei\n" + "fünf\n".encode("latin-1"))
    with pytest.raises(MissingDataError) as caught:
        read_text(path)
    assert caught.value.message == f"{path}:3: not UTF-8: byte 0xfc at offset 11"


def test_wrong_encoding_behind_a_byte_order_mark(write: Write) -> None:
    path = write("f", b"\xef\xbb\xbfa\n\xff")
    with pytest.raises(MissingDataError, match=":2: not UTF-8: byte 0xff at offset 5"):
        read_text(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"\n\n \n", "the file has only blank lines"),
        (b"\xef\xbb\xbf", "the file is empty"),
    ],
)
def test_empty_file(write: Write, content: bytes, told: str) -> None:
    with pytest.raises(MissingDataError, match=told):
        read_lines(write("f", content))


def test_nul_characters_hint_at_utf16(write: Write) -> None:
    path = write("f", b"one\n" + "two".encode("utf-16-le"))
    with pytest.raises(MissingDataError, match=":2: contains a NUL character") as caught:
        read_text(path)
    assert "UTF-16" in str(caught.value)


def test_a_very_long_line(write: Write) -> None:
    assert [len(line) for line in read_lines(write("f", "x" * 5_000_000 + "\ny"))] == [5_000_000, 1]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="cannot be read: No such file"):
        read_text(tmp_path / "none")


def test_json_errors_name_the_line() -> None:
    with pytest.raises(MissingDataError, match=r"f:2: not JSON: .*column 3"):
        parse_json(Path("f"), '{"a":\n  oops}')
    with pytest.raises(MissingDataError, match="f:7: not JSON") as caught:
        parse_json(Path("f"), "{", line=7)
    assert caught.value.hint == "it may be cut off"
    with pytest.raises(MissingDataError, match="nested too deeply"):
        parse_json(Path("f"), "[" * 100_000, line=1)


@pytest.mark.parametrize("how", ["gzip", "bz2", "lzma", "zstandard"])
def test_compressed_files_are_unpacked_by_content(write: Write, how: str) -> None:
    pack = pytest.importorskip(how).compress
    path = write("f.tsv", pack(b"\xef\xbb\xbfone\r\ntwo"))
    assert read_lines(path) == ["one", "two"]
    with pytest.raises(MissingDataError, match=r"f\.tsv: cannot be read"):
        read_text(write("f.tsv", pack(b"one\ntwo\n" * 99)[:-5]))


def test_what_unpacks_to_far_too_much_is_not_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "UNPACKED", 2 << 20)
    path = write("f.txt", gzip.compress(b"a\n" * (4 << 20)))
    with pytest.raises(MissingDataError, match="more than 2 MiB and 50 times its size"):
        read_text(path)


def test_utf16_is_told(write: Write) -> None:
    with pytest.raises(MissingDataError, match="not UTF-8: byte 0xff at offset 0") as caught:
        read_text(write("f", "text\n".encode("utf-16")))
    assert caught.value.hint == "it is UTF-16: re-encode it as UTF-8"


def test_half_a_character_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    whole = r'{"a": "\ud83d\ude00 \\ud83d", "b": ["\uD83D\uDE00"]}'
    assert parse_json(path, whole) == {"a": "\U0001f600 \\ud83d", "b": ["\U0001f600"]}
    for text in (r'{"a": ["x \ud83d"]}', r'{"\uDE00": 1}', r'["\ude00\ud83d"]'):
        with pytest.raises(MissingDataError, match=r"x.json:7: a text holds U\+D[8E]"):
            parse_json(path, text, 7)


def test_a_number_of_too_many_digits_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="not JSON of any known kind"):
        parse_json(tmp_path / "x.json", "1" * 5000)
