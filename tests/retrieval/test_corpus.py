from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.progress import Silent
from adapterxlt.retrieval import corpus
from adapterxlt.retrieval.corpus import Filters, read_corpus
from adapterxlt.retrieval.scripts import is_written_in, scripts_of
from adapterxlt.store import compressed

TEXT = "first\n\n  second \r\nfirst\nдругой\nx\nthird"


def read(tmp_path, raw, filters=None, name="text.txt"):
    path = tmp_path / name
    path.write_bytes(raw)
    return read_corpus(path, tmp_path / "copy", filters or Filters(), Silent())


def test_lines_are_filtered_counted_and_kept_once(tmp_path):
    filters = Filters(language="en", min_chars=2, max_chars=5)
    corpus = read(tmp_path, TEXT.encode(), filters)
    assert list(corpus) == ["first", "third"]
    assert corpus.lines.tolist() == [1, 7]
    assert corpus.counts == {
        "lines": 7,
        "blank": 1,
        "too short": 1,
        "too long": 2,
        "wrong script": 0,
        "repeated": 1,
    }
    assert read(tmp_path, TEXT.encode(), Filters("en")).counts["wrong script"] == 1
    long = f"short\n{'x' * 5000}\n".encode()
    assert read(tmp_path, long).counts["too long"] == 1
    assert len(read(tmp_path, long, Filters(max_chars=None))) == 2


@pytest.mark.parametrize("name", ["text.txt", "text.GZ", "text.bz2", "text.xz", "text.zst", "a"])
@pytest.mark.parametrize("how", ["gzip", "bz2", "lzma", "zstandard"])
def test_compressed_files_read_the_same_whatever_their_name(tmp_path, name, how):
    raw = pytest.importorskip(how).compress(b"\xef\xbb\xbf" + TEXT.encode())
    corpus = read(tmp_path, raw, name=name)
    assert list(corpus) == ["first", "second", "другой", "x", "third"]
    assert list(corpus.sentences(corpus.lines[:0])) == []
    assert corpus.lines.tolist() == [1, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("raw", "name", "message"),
    [
        (b"", "a.txt", "a.txt: the file is empty"),
        (b"\n\n", "a.txt", "no line of 2 passes the filters: 2 blank"),
        (b"good\nb\xff\n", "a.txt", "a.txt:2: not UTF-8: byte 0xff at column 2"),
        (b"a\0\n", "a.txt", "a.txt:1: contains a NUL character"),
        (b"no gzip", "a.gz", "a.gz: is not a .gz file"),
        (gzip.compress(b"whole text\n" * 50, mtime=0)[:-12], "a.gz", "a.gz: cannot be read"),
        (b"no zstd", "a.zst", "a.zst: is not a .zst file"),
        (lzma.compress(b"whole text\n" * 50)[:-9], "a", "a: cannot be read"),
        (bz2.compress(b"whole text\n" * 50)[:-9], "a", "a: cannot be read"),
        ("text\n".encode("utf-16"), "a.txt", "a.txt:1: not UTF-8: byte 0xff at column 1"),
        (b"PK\x03\x04 and more", "a.zip", "a.zip: is compressed with zip, which is not supported"),
        (b"one\rtwo\r", "a.txt", "a.txt: its lines end in carriage returns"),
    ],
)
def test_bad_files_are_refused_with_their_line(tmp_path, raw, name, message):
    with pytest.raises(MissingDataError, match=message):
        read(tmp_path, raw, name=name)


def test_zst_of_several_frames_read_in_small_pieces_and_broken_off(tmp_path, monkeypatch):
    compress = pytest.importorskip("zstandard").compress
    monkeypatch.setattr(compressed, "ZST_READ", 7)
    whole = [f"line {number}" for number in range(50)]
    first, second = ("\n".join(part).encode() for part in (whole[:20], whole[20:]))
    raw = compress(first) + compress(b"\n" + second)
    assert list(read(tmp_path, raw, name="a.zst")) == whole
    message = r"a\.zst: (is not a|cannot be read.*ends too early)"
    for cut in (1, len(raw) // 4, len(compress(first)) + 1, len(raw) - 1):
        with pytest.raises(MissingDataError, match=message):
            read(tmp_path, raw[:cut], name="a.zst")


def test_a_missing_file(tmp_path):
    with pytest.raises(MissingDataError, match="No such file"):
        read_corpus(tmp_path / "no", tmp_path / "copy", Filters(), Silent())


def test_scripts():
    assert is_written_in("日本語です, ok", scripts_of("ja"))
    assert not is_written_in("日本語です", scripts_of("en"))
    assert not is_written_in("123 ...", scripts_of("en"))
    assert is_written_in("ＦＵＬＬ width", scripts_of("de"))
    with pytest.raises(UsageError, match="the script of the language `xx` is unknown"):
        scripts_of("xx")


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LONGEST", 1 << 20)
    raw = lzma.compress(b"good\n" + b"x" * (2 << 20))
    with pytest.raises(MissingDataError, match="a\\.xz:2: the line exceeds the limit of 1 MiB"):
        read(tmp_path, raw, name="a.xz")
