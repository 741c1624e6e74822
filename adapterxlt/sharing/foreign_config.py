"""Reads configurations of other libraries as methods of recipes, without trusting them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.methods.parser import ParsedMethod, Part, parse_method
from adapterxlt.methods.table import ARCHITECTURES, METHODS
from adapterxlt.sharing.strict_json import parse
from adapterxlt.show import brief
from adapterxlt.store.inside import open_inside

MAX_CONFIG = 1 << 20  # bytes
_RESAVE = "load it in its own library and save it again with a current version"
_NEEDED = ("mh_adapter", "output_adapter", "reduction_factor", "non_linearity")
_MAX_UNION = 4


def read_config(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidArtifactError: it is none, or too large.
    """
    try:
        with open_inside(path.parent, path.name) as stream:
            content = stream.read(MAX_CONFIG + 1)
        if len(content) > MAX_CONFIG:
            refuse(path, "exceeds the size limit")
        found = parse(content.decode("utf-8"))
    except ValueError:
        refuse(path, "is not valid JSON")
    if not isinstance(found, dict):
        refuse(path, "is not a JSON object")
    return found


def method_from_adapters(config: object, path: Path) -> ParsedMethod:
    """The method that a configuration of `adapters` stands for, every value checked.

    Raises:
        InvalidArtifactError: it has an unknown key, a value that cannot be, or no known form.
    """
    if not isinstance(config, dict):
        refuse(path, "does not contain `config`", _RESAVE)
    if config.get("architecture") != "union":
        return _single(config, path)
    parts = config.get("configs")
    if not isinstance(parts, list) or not 2 <= len(parts) <= _MAX_UNION:
        refuse(path, "combines methods that cannot be combined")
    methods = [_single(part, path) if isinstance(part, dict) else None for part in parts]
    united = "|".join(str(method) for method in methods)
    return parsed(united, path)


def _single(config: dict[str, Any], path: Path) -> ParsedMethod:
    architecture = config.get("architecture")
    if not isinstance(architecture, str | None) or architecture not in ARCHITECTURES:
        refuse(path, f"has the architecture `{brief(architecture)}`, which is not supported")
    base = ARCHITECTURES[architecture]
    given = {key: value for key, value in config.items() if key in base or value is not None}
    given.pop("architecture", None)
    for key in given:
        if key not in base:
            refuse(path, f"has an unknown key `{brief(key)}`", _RESAVE)
    for key in _NEEDED if architecture is None else ():
        if key not in given:
            refuse(path, f"does not state `{key}`", _RESAVE)
    defaults = {key: parameter.default for key, parameter in base.items()}
    values = {**defaults, **given}
    differing = {
        method.name: {
            key: value
            for key, value in values.items()
            if plain(value) != plain(method.defaults[key])
        }
        for method in METHODS.values()
        if method.defaults.keys() == base.keys()
        and method.defaults.get("architecture") == architecture
    }
    name = min(differing, key=lambda name: len(differing[name]))
    found = parsed(str(ParsedMethod((Part(name, differing[name]),))), path)
    if plain(found.parts[0].resolved) != plain(values):  # text that means something in a method
        refuse(path, "has an impossible value")
    return found


def parsed(text: str, path: Path) -> ParsedMethod:
    """A method as recipes write it; what cannot be one is refused."""
    try:
        return parse_method(text)
    except ValueError as error:
        refuse(path, str(error).splitlines()[0])


def plain(value: object) -> str:
    """Equal for values that mean the same (1 and 1.0)."""
    as_float: Callable[[str], float] = float
    try:
        return json.dumps(json.loads(json.dumps(value), parse_int=as_float), sort_keys=True)
    except (ValueError, OverflowError):
        return repr(value)


def refuse(path: Path, message: str, hint: str | None = None) -> NoReturn:
    """Say what is wrong with a file."""
    raise InvalidArtifactError(f"{path}: {message}", hint=hint)
