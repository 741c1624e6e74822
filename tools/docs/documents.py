"""What the program writes, and how it ends: `results.json`, manifests, exit codes, Python."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from inspect import getdoc
from types import UnionType
from typing import Any, get_type_hints

import adapterxlt
from adapterxlt.errors import AdapterXLTError
from adapterxlt.results.rows import Row
from adapterxlt.store.manifest import ArtifactFacts, BackboneFacts, FileRecord, Manifest
from tools.docs.markdown import anchor, arguments, code, escape, first_paragraphs, sentence, table

EXIT_CODES = {
    0: "The command succeeded.",
    2: "",
    130: "Ctrl-C interrupted the command. The same command continues from there.",
}


def row_fields() -> str:
    """Every field of a row of `results.json`."""
    told, hints = arguments(Row.__doc__), get_type_hints(Row)
    rows = [
        (
            anchor("row", field.name) + code(field.name),
            f"{_json(told[field.name])} *({_type(hints[field.name])})*",
        )
        for field in fields(Row)
    ]
    return table(("key", "what it is"), rows)


def manifest_fields() -> str:
    """Every field of `manifest.json`, and of what it holds."""
    sections = []
    for model, key in (
        (Manifest, ""),
        (FileRecord, "files"),
        (ArtifactFacts, "artifact"),
        (BackboneFacts, "backbone"),
    ):
        told = arguments(model.__doc__)
        rows = [(code(name), _json(told[name])) for name in model.model_fields]
        title = f"An entry of `{key}`" if key == "files" else f"`{key}`" if key else "The manifest"
        sections.append(f"### {title}\n\n{table(('key', 'what it is'), rows)}")
    return "\n\n".join(sections)


def _json(text: str) -> str:
    """A description of what a file has, in JSON's words."""
    return escape(sentence(text).replace("None", "null"))


def exit_codes() -> str:
    """Every exit code, with the errors that have it."""
    by_code: dict[int, list[type[AdapterXLTError]]] = {}
    for error in _errors(AdapterXLTError):
        by_code.setdefault(error.exit_code, []).append(error)
    rows = []
    for number in sorted({*EXIT_CODES, *by_code}):
        named = [
            f"{code(error.__name__)}: {escape(first_paragraphs(getdoc(error)))}"
            for error in by_code.get(number, [])
            if error.__module__ == "adapterxlt.errors"
        ]
        rows.append((str(number), "<br>".join([*filter(None, [EXIT_CODES.get(number)]), *named])))
    return table(("code", "what it means"), rows)


def _errors(error: type[AdapterXLTError]) -> list[type[AdapterXLTError]]:
    return [error, *(each for child in error.__subclasses__() for each in _errors(child))]


def python() -> str:
    """Every public name of the package, for mkdocstrings: what is called first, then classes."""
    names = [name for name in getattr(adapterxlt, "__all__", ()) if not name.startswith("_")]
    names.sort(key=lambda name: (name == "errors", name[0].isupper(), name))
    return "\n\n".join(f"::: adapterxlt.{_place(name)}" for name in names)


def _place(name: str) -> str:
    """Where a name is: a room that holds a function of its own name stands for the function."""
    if find_spec(f"adapterxlt.{name}") is None:
        return name
    return f"{name}.{name}" if hasattr(import_module(f"adapterxlt.{name}"), name) else name


def _type(hint: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    if isinstance(hint, UnionType):
        return " or ".join("null" if each is type(None) else _type(each) for each in hint.__args__)
    return names.get(hint, "list of texts")
