"""The Hugging Face Hub: one repository an artifact, `hf://owner/name[@revision]`.

Whatever token there is comes from huggingface_hub's own configuration; it is never asked for here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError, UsageError
from adapterxlt.sharing.remotes.base import SECONDS, Pushed, refuse_other, told
from adapterxlt.sharing.source import MAX_SIGNATURE, FolderSource
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    FileRecord,
    Manifest,
    parse_manifest,
)

_URL = re.compile(r"hf://(?P<repo>[^/@]+/[^/@]+)(@(?P<revision>[\w./-]+))?/?")


def parse_url(url: str) -> tuple[str, str | None]:
    """Repository and revision of a URL.

    Raises:
        UsageError: it is not `hf://owner/name[@revision]`, or the Hub allows no such name.
    """
    from huggingface_hub import utils
    from huggingface_hub.errors import HFValidationError

    hub: Any = utils  # does not export by name what it offers
    match = _URL.fullmatch(url)
    if match is None:
        raise UsageError(f"{url}: write hf://OWNER/NAME or hf://OWNER/NAME@REVISION")
    try:
        hub.validate_repo_id(match["repo"])
    except HFValidationError:
        raise UsageError(
            f"{url}: is not the name of a repository on the Hub",
            hint="use at most 96 letters, digits, `-`, `_` and `.`, without `--` and `..`, "
            "without `-` or `.` at either end, and without `.git` at the end",
        ) from None
    return match["repo"], match["revision"]


@contextmanager
def _answers(url: str) -> Iterator[None]:
    """Say in one line what the Hub does not want."""
    from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

    with told(url):
        try:
            yield
        except RevisionNotFoundError:
            raise MissingError(f"{url}: the repository does not have this revision") from None
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if status in (401, 404):
                raise MissingError(
                    f"{url}: does not exist, or is private and you are not logged in",
                    hint="if you have access to it, log in with `hf auth login` or set HF_TOKEN",
                ) from None
            if status == 403:
                raise MissingError(
                    f"{url}: the Hub does not allow this account to do this",
                    hint="check that this is the right account and that its token may write",
                ) from None
            raise AdapterXLTError(
                f"{url}: the Hub answers {status}: {(error.server_message or '-')[:300]}",
                hint="run the same command again to continue from here",
            ) from None


class HubFiles:
    """Files of a repository; read by HTTP, in ranges, redirects to its storage included.

    Once one was read, all are of that commit, whatever is published meanwhile.
    """

    def __init__(self, url: str) -> None:
        self.shown = url
        self.repo, self.revision = parse_url(url)

    @contextmanager
    def _get(self, name: str, offset: int) -> Iterator[Any]:
        from huggingface_hub import hf_hub_url, utils

        hub: Any = utils
        # Offsets count bytes of the file, not of what a server may squeeze it to.
        headers = {**hub.build_hf_headers(), "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        url = hf_hub_url(self.repo, name, revision=self.revision)
        with (
            _answers(self.shown),
            hub.get_session().get(url, headers=headers, stream=True, timeout=SECONDS) as response,
        ):
            if response.status_code != 404:
                hub.hf_raise_for_status(response)
            first = response.history[0] if response.history else response
            self.revision = first.headers.get("X-Repo-Commit") or self.revision
            yield response

    def read(self, name: str, limit: int) -> bytes | None:
        with self._get(name, 0) as response:
            if response.status_code == 404:
                return None
            content = b""
            for block in response.iter_content(1 << 16):
                content += block
                if len(content) > limit:
                    break
            return content[: limit + 1]

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        with self._get(name, offset) as response:
            if response.status_code == 404:
                raise MissingError(f"{self.shown}/{name}: does not exist")
            skip = 0 if response.status_code == 206 else offset
            for block in response.iter_content(1 << 16):  # a cut loses the block it is in
                yield block[skip:]
                skip = max(0, skip - len(block))


def push_to_hub(source: FolderSource, manifest: Manifest, url: str, *, replace: bool) -> Pushed:
    """Publish in one commit; a repository or branch that is not there yet is made, private.

    Raises:
        UsageError: something else is there: another artifact, or files of that name.
        MissingError: the Hub does not know this account, or does not let it write there.
        AdapterXLTError: the Hub refuses, or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    repo, revision = parse_url(url)
    files = HubFiles(url)
    theirs = files.read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    old, new = _records(theirs, url), dict(manifest.files)
    for name in (MANIFEST_NAME, SIGNATURE_NAME):
        if name in source.sizes:
            content = (source.where / name).read_bytes()
            new[name] = _record(content)
    if theirs is not None and SIGNATURE_NAME in new:
        signature = files.read(SIGNATURE_NAME, MAX_SIGNATURE)
        old |= {SIGNATURE_NAME: _record(signature)} if signature is not None else {}
    sent = [name for name in new if old.get(name) != new[name]]
    if not sent:
        return Pushed(url, 0, 0)
    if MANIFEST_NAME in sent:
        refuse_other(theirs, url, replace)
    api = HfApi()
    with _answers(url):
        present = _present(api, repo, revision)
        if theirs is None and not replace and (taken := sorted(present & set(new))):
            raise UsageError(
                f"{url}: the repository holds other files ({', '.join(taken[:5])})",
                hint="choose another repository, or use --replace to overwrite files of the same "
                "name",
            )
        gone = (old.keys() | {SIGNATURE_NAME}) & present - new.keys()
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(name) for name in sorted(gone)
        ]
        operations += [
            CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(Path(source.where) / name))
            for name in new
        ]
        api.create_commit(
            repo,
            operations,
            commit_message=f"Publish {manifest.title} ({manifest.fingerprint[:12]})",
            revision=revision,
        )
    return Pushed(url, len(sent), sum(new[name].size for name in sent))


def _present(api: Any, repo: str, revision: str | None) -> set[str]:
    """Files of a branch; it and its repository are made if they are not there."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return set(api.list_repo_files(repo, revision=revision))
    except RepositoryNotFoundError:
        api.create_repo(repo, private=True, exist_ok=True)
        if revision is None:
            return set()
    except RevisionNotFoundError:
        pass
    api.create_branch(repo, branch=revision, exist_ok=True)
    return set(api.list_repo_files(repo, revision=revision))


def _records(manifest: bytes | None, url: str) -> dict[str, FileRecord]:
    """Files that a published manifest lists, and itself; only itself if it is none."""
    if manifest is None:
        return {}
    try:
        files = parse_manifest(manifest, url).files
    except InvalidArtifactError:
        files = {}
    return {**files, MANIFEST_NAME: _record(manifest)}


def _record(content: bytes) -> FileRecord:
    return FileRecord(size=len(content), sha256=hashlib.sha256(content).hexdigest())
