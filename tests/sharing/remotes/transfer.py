"""Publishing and fetching as the commands do, for all remotes."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.progress import Silent
from adapterxlt.sharing.remotes.base import Pushed
from adapterxlt.sharing.remotes.fetch import fetched
from adapterxlt.sharing.remotes.push import push
from adapterxlt.sharing.source import FolderSource, Source
from adapterxlt.sharing.verify import verify
from adapterxlt.store.store import Store


def publish(source: FolderSource, url: str, **options: bool) -> Pushed:
    return push(source, verify(source), url, Silent(), **options)


def fetch_all(url: str, store: Path) -> dict[str, bytes]:
    """Files of what is at a URL, once they are here."""
    with fetched(url, Store(store), Silent()) as (source, _):
        return content(source)


def content(source: Source) -> dict[str, bytes]:
    """Files of an artifact, verified."""
    verify(source)
    found = {}
    for name, size in source.sizes.items():
        with source.open(name) as stream:
            found[name] = stream.read(size)
    return found
