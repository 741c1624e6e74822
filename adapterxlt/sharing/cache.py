"""Pulls and verifies stages that others have trained, by fingerprint, instead of training them.

The adapters that ship with the project are asked first, then the remotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.bundled import bundled, hint_for_adapter
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, UsageError
from adapterxlt.home import expanded
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import StoreSettings
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.sharing.remotes.address import local_path, masked, scheme_of, tidy
from adapterxlt.sharing.remotes.fetch import fetched, has, url_of
from adapterxlt.sharing.transport import take_in
from adapterxlt.store.manifest import MANIFEST_NAME, read_manifest
from adapterxlt.store.store import Store
from adapterxlt.tasks.own import config_folder


class Remotes(NamedTuple):
    """Addresses of remote stores.

    Args:
        read: those that are asked for a stage before it is trained, in their order.
        written: the one of them that gets every finished stage, "" for none.
    """

    read: tuple[str, ...] = ()
    written: str = ""


NO_REMOTES = Remotes()


def user_config() -> Path:
    """Where a user keeps settings for all recipes: `store: {remotes: [URL, ...]}`."""
    return config_folder() / "config.yaml"


def all_remotes(recipe: StoreSettings, base: Path) -> Remotes:
    """The recipe's remotes, then the user's; folders of a recipe are relative to it.

    If both have one that can be written, the recipe's is used for writing.

    Raises:
        UsageError: the user's configuration cannot be read.
    """
    found = [(_absolute(remote.url, base), remote.write) for remote in recipe.remotes]
    path = user_config()
    if path.is_file():
        try:
            config = yaml.safe_load(path.read_text(encoding="utf-8"))
            settings = StoreSettings.model_validate(config["store"] if config else {})
        except (yaml.YAMLError, KeyError, TypeError, ValueError):
            raise UsageError(
                f"{path}: cannot be read",
                hint="write `store: {remotes: [URL, {url: URL, write: true}]}`",
            ) from None
        found += [(_absolute(one.url, path.parent), one.write) for one in settings.remotes]
    written = next((url for url, write in found if write), "")
    return Remotes(tuple(dict.fromkeys(url for url, _ in found)), written)


def _absolute(url: str, base: Path) -> str:
    url = tidy(url)
    if scheme_of(url) != "file" or url.startswith("file://"):
        return url
    return str(base / expanded(url))


@cache
def shipped_adapters(folder: Path) -> dict[str, str]:
    """The artifacts in a folder, by fingerprint; unreadable ones are left out."""
    found = {}
    for path in sorted(folder.glob(f"*/{MANIFEST_NAME}")):
        try:
            found[read_manifest(path.parent).fingerprint] = str(path.parent)
        except InvalidArtifactError:
            continue
    return found


class RemoteCache:
    """Remote stores, asked in their order; one that does not answer is not asked again.

    Args:
        exchange: the one that can be written, asked first: it has measurements too.
    """

    def __init__(
        self, remotes: Sequence[str], progress: Progress, exchange: Exchange | None = None
    ) -> None:
        self.remotes = list(remotes)
        self.progress = progress
        self.exchange = exchange
        self._answers: dict[tuple[str, str], bool] = {}
        self._told: set[str] = set()

    def find(self, fingerprint: str, trained: bool = True) -> str | None:
        """The first remote that says it has a stage, without its password, to be shown.

        A folder of what ships is one.

        Args:
            trained: whether it is a trained stage, which any of them may have.
        """
        if self.exchange is not None:
            try:
                if self.exchange.lists(fingerprint):
                    return self.exchange.shown
            except AdapterXLTError as error:
                self.exchange = None
                self.progress.log(f"warning: remote ignored: {error.message}")
        if not trained:
            return None
        return next((masked(holder) for holder, _ in self._places(fingerprint)), None)

    def pull(self, fingerprint: str, title: str, store: Store, backbone: Backbone) -> bool:
        """Pull a stage into the store if a remote has it and it is sound; returns whether.

        Hold the entry's lock while calling this.
        """
        if self.exchange is not None:
            try:
                if self.exchange.pull(fingerprint, store):
                    self.progress.log(f"{title}: pulled from {self.exchange.shown}, verified")
                    return True
            except AdapterXLTError as error:
                self.progress.log(f"warning: {title}: not pulled: {error.message}")
        for holder, place in self._places(fingerprint):
            try:
                with fetched(place, store, self.progress, held=fingerprint) as (source, _):
                    taken = take_in(source, store, backbone=backbone, held=fingerprint)
            except AdapterXLTError as error:
                self.progress.log(
                    f"warning: {title}: not pulled from {masked(holder)}: {error.message}"
                )
                continue
            signed = f", {taken.signature}" if taken.signature else ", unsigned"
            self.progress.log(f"{title}: pulled from {masked(place)}, verified{signed}")
            return True
        return False

    def _places(self, fingerprint: str) -> Iterator[tuple[str, str]]:
        """The places that have a stage, with the URL of its artifact; each is asked only once."""
        shipped = shipped_adapters(bundled("artifacts/adapters")).get(fingerprint)
        if shipped is not None:
            yield shipped, shipped
        for url in list(self.remotes):
            key = url, fingerprint
            if key not in self._answers:
                self._tell_missing(url)
                try:
                    self._answers[key] = has(url, fingerprint)
                except InvalidArtifactError as error:  # of this stage: it may have others
                    self._answers[key] = False
                    self.progress.log(f"warning: not pulled: {error.message}")
                except AdapterXLTError as error:
                    self.remotes.remove(url)
                    self.progress.log(f"warning: remote ignored: {error.message}")
                    continue
            if self._answers[key]:
                yield url, url_of(url, fingerprint)

    def _tell_missing(self, url: str) -> None:
        """Warn once of a folder that does not exist, unless it is the one to be written."""
        place = None if url in self._told else local_path(url)
        if place is None or place.exists() or self.exchange is not None:
            return
        self._told.add(url)
        own = hint_for_adapter(place.name)
        hint = "; adapters that come with the package are found without a remote" if own else ""
        self.progress.log(f"warning: remote `{url}`: there is no such folder{hint}")
