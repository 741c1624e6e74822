"""Publishing and fetching as the commands do, for all remotes."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.progress import Silent
from adapterxlt.store.remotes.fetch import fetched
from adapterxlt.store.remotes.push import Pushed, push
from adapterxlt.store.source import FolderSource
from adapterxlt.store.verify import verify


def publish(source: FolderSource, url: str, **options: bool) -> Pushed:
    return push(source, verify(source), url, Silent(), **options)


def fetch_all(url: str, staging: Path) -> dict[str, bytes]:
    with fetched(url, staging, Silent()) as source:
        verify(source)
        return {name: (source.where / name).read_bytes() for name in source.sizes}


def content(source: FolderSource) -> dict[str, bytes]:
    return {name: (source.where / name).read_bytes() for name in source.sizes}
