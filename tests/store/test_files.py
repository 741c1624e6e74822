from __future__ import annotations

import resource
import shutil
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.store.files import (
    canonical_json,
    files_below,
    sha256_file,
    tree_size,
    write_atomic,
)


def test_canonical_json_is_equal_for_equal_values() -> None:
    assert canonical_json({"b": 1, "a": [1.5, "ж"]}) == '{"a":[1.5,"ж"],"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_a_file_that_may_not_grow_is_named(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(AdapterXLTError, match=r"cannot write .*/note\.json: File too large"):
            write_atomic(tmp_path / "note.json", "x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_hash_and_size(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "sub" / "a").startswith("ba7816bf8f01cfea")
    assert tree_size(tmp_path) == 3


def test_folders_that_another_process_removes_are_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    found = files_below(tmp_path)
    first = next(found)
    gone = next(folder for folder in tmp_path.iterdir() if folder != first.parent)
    shutil.rmtree(gone)
    assert {path.parent.name for path in (first, *found)} == {"a", "b", "c"} - {gone.name}


def test_an_atomic_write_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_atomic(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "broken \ud800")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["results.json"]
