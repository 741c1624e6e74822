"""`data: hub`: reads a task's Parquet files from the Hugging Face Hub, at its entry's revision.

Only data files are fetched, into huggingface_hub's own cache. Code of a repository is never run.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.layout import Hub

LAYOUT = "hub"  # the name of the layouts that are patterns of files in a Hub repository


def hub_root() -> Path:
    """Return the data folder that `data: hub` stands for: huggingface_hub's cache."""
    from huggingface_hub import constants  # a run on local data does not need it

    return Path(constants.HF_HUB_CACHE)


def is_hub(root: Path) -> bool:
    """Whether a data folder is the one that stands for the Hub."""
    return root == hub_root()


def has_file(hub: Hub, pattern: str) -> bool:
    """Whether the repository has a file of that pattern (`OWNER/NAME/...`); nothing is fetched.

    Raises:
        MissingDataError: the Hub cannot be asked, and the repository is not in the cache.
    """
    wanted = pattern.removeprefix(f"{hub.id}/")
    return any(fnmatchcase(name, wanted) for name in _names(hub, hub_root()))


def fetch(hub: Hub, pattern: str) -> list[Path]:
    """Return local copies of the repository's files that match `OWNER/NAME/...`, sorted.

    Raises:
        MissingDataError: the Hub cannot be asked, and the files are not in the cache.
    """
    wanted = pattern.removeprefix(f"{hub.id}/")
    return sorted(_download(hub, [wanted]).glob(wanted))


@lru_cache(maxsize=64)
def _names(hub: Hub, cache: Path) -> tuple[str, ...]:
    """List a repository's files; if the Hub cannot be reached, those in the cache."""
    from huggingface_hub import HfApi, constants

    if not constants.HF_HUB_OFFLINE:
        try:
            api = HfApi()
            names = api.list_repo_files(hub.id, revision=hub.revision, repo_type="dataset")
            return tuple(names)
        except (OSError, ValueError):  # every error of huggingface_hub is one of them
            pass
    folder = _download(hub, [])
    return tuple(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _download(hub: Hub, patterns: list[str]) -> Path:
    """Download files that match the patterns; return the repository's folder in the cache."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                hub.id,
                repo_type="dataset",
                revision=hub.revision,
                allow_patterns=patterns,
                cache_dir=hub_root(),
            )
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise MissingDataError(
            f"{hub.id} at {hub.revision} is not in the cache and cannot be fetched from the Hub",
            hint=f"{reason}\n  or give a folder that holds the downloaded files",
        ) from error
