"""The data folders a recipe names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.bundled import bundled
from adapterxlt.errors import MissingDataError
from adapterxlt.home import expanded
from adapterxlt.tasks.hub import hub_root


def resolve_roots(data: Sequence[str], base: Path) -> tuple[Path, ...]:
    """Return the folders that a recipe's `data` names, in its order, without repetitions.

    Args:
        data: `pocket` (the bundled data), `hub` (the Hugging Face Hub) or folders; relative
            ones are searched in `base` first, then in the current folder.
        base: the recipe file's folder.

    Raises:
        MissingDataError: a folder does not exist.
    """
    roots: list[Path] = []
    for name in data:
        root = _resolve(name, base)
        if root not in roots:
            roots.append(root)
    return tuple(roots)


def _resolve(name: str, base: Path) -> Path:
    if name == "pocket":
        return bundled("artifacts/data/pocket")
    if name == "hub":
        return hub_root()
    path = expanded(name)
    candidates = [path] if path.is_absolute() else [base / path, Path.cwd() / path]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate.resolve()
    for candidate in candidates:
        if candidate.is_file():
            raise MissingDataError(
                f"data folder `{name}` is a file", hint="give the folder that holds the data"
            )
    tried = ", ".join(dict.fromkeys(str(candidate) for candidate in candidates))
    raise MissingDataError(
        f"data folder `{name}` does not exist",
        hint=f"looked for {tried}; give a folder that holds the data, `hub` or `pocket`",
    )
