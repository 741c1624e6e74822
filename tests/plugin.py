"""A package as another project would install it: a folder with its module and its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapterxlt import plugins


@contextmanager
def installed(
    folder: Path, *, group: str, names: dict[str, str], module: str, source: str
) -> Iterator[Path]:
    """Make a package of one module in `folder` and put it on the path of this process.

    Args:
        folder: an empty folder; other processes find the package with it in PYTHONPATH.
        group: the group of its entry points, without `adapterxlt.`.
        names: what each entry point's name stands for: `{"my-format": "my_module:READER"}`.
        module: the module's name.
        source: its text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{module}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
    lines = [f"[adapterxlt.{group}]", *(f"{name} = {value}" for name, value in names.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        plugins.entries.cache_clear()
        yield folder
    plugins.entries.cache_clear()
