"""The method table beside `adapters` itself: what both have, and how a text reaches the library."""

from __future__ import annotations

from typing import Any

import adapters
from packaging.version import Version

from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS

OLD = Version(adapters.__version__) < Version("1.3")  # without DoRA
TABLE = {
    name: method
    for name, method in METHODS.items()
    if method.family != "full" and not (OLD and name in ("dora", "dvora"))
}


def their_config(text: str) -> Any:
    return adapters.AdapterConfig.load(text)


def part_text(name: str, params: Any) -> str:
    return name + "[" + ",".join(f"{key}={value!r}" for key, value in params.items()) + "]"


def methods(*texts: str) -> list[Any]:
    return [parse_method(text) for text in texts]
