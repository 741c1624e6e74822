"""Keeps models that were named by a URL on this machine, so that each is fetched only once.

They are in `$ADAPTERXLT_CACHE`, or in the folder `adapterxlt` of the system's cache folder. The
folder of a model is named by a hash of its manifest, which has the hashes of all files. So if
another URL serves other files under the same fingerprint, they get another folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from adapterxlt.models.spec import SPEC_FILE
from adapterxlt.progress import Progress
from adapterxlt.sharing.content import MAX_TEXT
from adapterxlt.sharing.remotes.fetch import fetched, peek
from adapterxlt.sharing.transport import take_in
from adapterxlt.store.cache_folder import cache_folder
from adapterxlt.store.store import Store


def fetched_once(url: str, progress: Progress) -> Path:
    """The folder of the artifact at a URL; it is fetched unless the same content is here.

    Raises:
        MissingError: the URL does not lead to an artifact.
        InvalidArtifactError: it is damaged or hostile.
        AdapterXLTError: the transfer failed; the same call continues from there.
    """
    manifest, _ = peek(url, SPEC_FILE, MAX_TEXT)
    digest = hashlib.sha256(manifest.text().encode()).hexdigest()[:32]
    store = Store(cache_folder() / "models" / digest)
    if store.whole(manifest.fingerprint) is None:
        with fetched(url, store, progress) as (source, held):
            take_in(source, store, load=False, held=held)  # it is loaded where it is used
    return store.path(manifest.fingerprint)
