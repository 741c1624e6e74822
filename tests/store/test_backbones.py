"""The folders of backbones that a store remembers."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.store.backbones import note_backbone, noted_backbone
from adapterxlt.store.store import Store


def test_the_last_folder_of_a_content_is_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert noted_backbone(store, "ab" * 32) is None
    for folder in (tmp_path / "one", tmp_path / "ü two"):
        note_backbone(store, "ab" * 32, folder)
        assert noted_backbone(store, "ab" * 32) == folder
    assert noted_backbone(store, "cd" * 32) is None
    assert store.entries() == []


def test_a_content_that_is_no_hash_opens_no_other_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    note_backbone(store, "ab" * 32, tmp_path)
    (store.root / "elsewhere").write_text("/etc\n")
    for content in ("../elsewhere", str(store.root / "elsewhere"), "", "."):
        assert noted_backbone(store, content) is None
