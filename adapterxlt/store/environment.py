"""The software behind a result: recorded with it, but not part of its fingerprint."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "adapterxlt",
    "torch",
    "transformers",
    "adapters",
    "accelerate",
    "tokenizers",
    "datasets",
    "faiss-cpu",
    "numpy",
)


def environment() -> dict[str, str]:
    """Return the versions of Python and of the libraries that can change a number."""
    return dict(_environment())


@cache  # the packages' files are read for it
def _environment() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def environment_changes(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return `torch 2.12.0, now 2.13.0` for every version that differs.

    What earlier versions of the project recorded besides does not count.
    """
    return [
        f"{name} {then.get(name, 'absent')}, now {now.get(name, 'absent')}"
        for name in sorted(("python", *PACKAGES))
        if then.get(name) != now.get(name)
    ]
