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
