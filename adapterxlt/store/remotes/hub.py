"""The Hugging Face Hub: one repository an artifact, `hf://owner/name[@revision]`.

Whatever token there is comes from huggingface_hub's own configuration; it is never asked for here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.store.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, SIGNATURE_NAME, Manifest
from adapterxlt.store.remotes.files import SECONDS, told
from adapterxlt.store.remotes.push import Pushed, refuse_other
from adapterxlt.store.source import FolderSource

_URL = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?/?")


def parse_url(url: str) -> tuple[str, str | None]:
    """Repository and revision of a URL.

    Raises:
        UsageError: it is not `hf://owner/name[@revision]`.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise UsageError(f"{url}: write hf://OWNER/NAME or hf://OWNER/NAME@REVISION")
    return match["repo"], match["revision"]


class HubFiles:
    """Files of a repository; read by HTTP, in ranges, redirects to its storage included."""

    def __init__(self, url: str) -> None:
        self.shown = url
        self.repo, self.revision = parse_url(url)

    def _get(self, name: str, offset: int) -> Any:
        from huggingface_hub import hf_hub_url, utils

        hub: Any = utils  # does not export by name what it offers
        headers = hub.build_hf_headers()
        if offset:
            headers["Range"] = f"bytes={offset}-"
        url = hf_hub_url(self.repo, name, revision=self.revision)
        return hub.get_session().get(url, headers=headers, stream=True, timeout=SECONDS)

    def read(self, name: str, limit: int) -> bytes | None:
        with told(self.shown), self._get(name, 0) as response:
            if response.status_code == 404:
                return None
            response.raise_for_status()
            content = b""
            for block in response.iter_content(1 << 16):
                content += block
                if len(content) > limit:
                    break
            return content[: limit + 1]

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        with told(self.shown), self._get(name, offset) as response:
            response.raise_for_status()
            skip = 0 if response.status_code == 206 else offset
            for block in response.iter_content(1 << 20):
                yield block[skip:]
                skip = max(0, skip - len(block))


def push_to_hub(source: FolderSource, manifest: Manifest, url: str, *, replace: bool) -> Pushed:
    """Publish in one commit; a repository that is not there yet is made, private.

    Raises:
        UsageError: another artifact of the same stage is there, or another stage's.
        AdapterXLTError: the Hub refuses, or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    repo, revision = parse_url(url)
    mine = (source.where / MANIFEST_NAME).read_bytes()
    api = HfApi()
    theirs = HubFiles(url).read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    if theirs == mine:
        return Pushed(url, 0, 0)
    refuse_other(theirs, url, replace)
    with told(url):
        api.create_repo(repo, private=True, exist_ok=True)
        present = set(api.list_repo_files(repo, revision=revision)) - {".gitattributes"}
        names = [*manifest.files, MANIFEST_NAME]
        names += [SIGNATURE_NAME] if SIGNATURE_NAME in source.sizes else []
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(name) for name in sorted(present - set(names))
        ]
        operations += [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(Path(source.where) / name))
            for name in names
        ]
        api.create_commit(
            repo,
            operations,
            commit_message=f"Publish {manifest.title} ({manifest.fingerprint[:12]})",
            revision=revision,
        )
    return Pushed(url, len(names), manifest.size + len(mine))
