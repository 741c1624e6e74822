"""Checks, without torch, that a backbone is complete and matches its configuration."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from adapterxlt.backbones.architectures import REFUSED, Architecture, find, known
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.config import safe_config
from adapterxlt.backbones.files import INDEX, WEIGHTS, read_json, weight_files
from adapterxlt.backbones.rules import SIZES
from adapterxlt.backbones.tokenizer import safe_added, safe_tokenizer_config, safe_tokens
from adapterxlt.errors import MissingBackboneError
from adapterxlt.lfs import FETCH, POINTER, is_pointer
from adapterxlt.methods.checks import too_old
from adapterxlt.safetensors_header import read_shapes
from adapterxlt.show import brief
from adapterxlt.store.files import sha256_kept

# Keys that do not affect what the model computes, and that change when it is saved or moved.
_VOLATILE = ("transformers_version", "_name_or_path", "torch_dtype", "dtype")
# Files about the model, its licence and its training texts; they are copied with it.
_NOTES = ("README.md", "LICENSE", "LICENSE.txt", "texts.u64")
_log = logging.getLogger("adapterxlt")  # warnings go to stderr by default


def inspect_backbone(name: str, folder: Path) -> Backbone:
    """Check the files in a folder and describe the backbone.

    Raises:
        MissingBackboneError: something is missing or does not fit; the message names it.
    """
    config = read_json(name, folder / "config.json")
    model_type = config.get("model_type")
    entry = find(model_type) if isinstance(model_type, str) else None
    if entry is None and str(model_type) in REFUSED:
        reason, instead = REFUSED[str(model_type)]
        raise MissingBackboneError(
            f"backbone `{name}` has type `{model_type}`, which cannot be used: {reason}",
            hint=instead,
        )
    if entry is None:
        raise MissingBackboneError(
            f"backbone `{name}` has the unsupported type `{brief(str(model_type))}` "
            f"({folder / 'config.json'})",
            hint=f"supported: {', '.join(known())}",
        )
    if problem := too_old(f"backbone `{name}` (`{model_type}`)", entry.since):
        message, _, hint = problem.partition("\n")
        raise MissingBackboneError(message, hint=hint)
    for size in entry.required:
        _positive(name, folder, config, entry.key(size))
    kept, left_out = safe_config(config, f"backbone `{name}`: {folder / 'config.json'}", entry)
    tokenizer_documents(name, folder, entry)
    weights = weight_files(name, folder)
    shapes = _shapes(name, weights)
    _check_weights(name, shapes, kept, entry)
    if not any((folder / file).is_file() for file in entry.vocabularies):
        raise MissingBackboneError(
            f"backbone `{name}` has no tokenizer in {folder}",
            hint=f"it needs {' or '.join(entry.vocabularies)}",
        )
    tokenizer = [folder / file for file in entry.tokenizer_files if (folder / file).is_file()]
    for path in tokenizer:
        with path.open("rb") as stream:
            if is_pointer(stream.read(50), path.stat().st_size):
                raise MissingBackboneError(f"backbone `{name}`: {path} {POINTER}", hint=FETCH)
    _say_left_out(name, folder, tuple(left_out))
    return Backbone(
        name=name,
        path=folder,
        hash=_content_hash(config, [*weights, *tokenizer]),
        hidden_size=kept[entry.key("hidden_size")],
        layers=kept[entry.key("num_hidden_layers")],
        max_positions=kept[entry.key("max_position_embeddings")],
        model_type=entry.model_type,
        # A bias for each word: LM heads have it in every architecture, and nothing else has.
        lm_head=(kept[entry.key("vocab_size")],) in shapes.values(),
    )


def model_config(backbone: Backbone) -> dict[str, Any]:
    """Return the part of config.json that transformers gets; see `safe_config`."""
    path = backbone.path / "config.json"
    where = f"backbone `{backbone.name}`: {path}"
    kept, _ = safe_config(read_json(backbone.name, path), where, backbone.architecture)
    return {**kept, **backbone.architecture.fixed}


def tokenizer_documents(
    name: str, folder: Path, architecture: Architecture
) -> dict[str, dict[str, Any]]:
    """Return the tokenizer settings that transformers gets, by file name.

    Raises:
        MissingBackboneError: they name code to run, or are not in the form of transformers.
    """
    checks: dict[str, Callable[[Mapping[str, Any], str], Mapping[str, Any]]] = {
        "tokenizer_config.json": partial(safe_tokenizer_config, classes=architecture.tokenizers),
        "special_tokens_map.json": safe_tokens,
        "added_tokens.json": safe_added,
    }
    return {
        file: dict(check(read_json(name, folder / file), f"backbone `{name}`: {folder / file}"))
        for file, check in checks.items()
        if (folder / file).is_file()
    }


def weights_index(backbone: Backbone) -> tuple[list[Path], dict[str, str]]:
    """Return the weight files and, if there are several, the file name of each tensor."""
    files = weight_files(backbone.name, backbone.path)
    if files == [backbone.path / WEIGHTS]:
        return files, {}
    mapping = read_json(backbone.name, backbone.path / INDEX)["weight_map"]
    return files, {tensor: Path(str(shard)).name for tensor, shard in mapping.items()}


def files_of(backbone: Backbone) -> list[Path]:
    """Return the files of the backbone and its notes, without other files in the folder."""
    weights = weight_files(backbone.name, backbone.path)
    index = [INDEX] if weights != [backbone.path / WEIGHTS] else []
    others = ["config.json", *backbone.architecture.tokenizer_files, *index, *_NOTES]
    named = [backbone.path / name for name in others]
    return [*weights, *(path for path in named if path.is_file())]


@cache
def _say_left_out(name: str, folder: Path, keys: tuple[str, ...]) -> None:
    """Log once which keys of a config.json have no effect."""
    if keys:
        shown = ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
        _log.warning(
            "note: backbone `%s`: keys of %s that are not used: %s",
            name,
            folder / "config.json",
            shown,
        )


def _positive(name: str, folder: Path, config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if type(value) is not int or value < 1:
        raise MissingBackboneError(
            f"backbone `{name}`: {folder / 'config.json'} has {key}: {value!r}",
            hint="it must be a whole number above 0",
        )
    return value


def _shapes(name: str, files: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all tensors in the files."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            shapes |= read_shapes(file)
        except (ValueError, OSError) as error:
            raise MissingBackboneError(f"backbone `{name}`: {file} {error}") from None
    return shapes


def _check_weights(
    name: str, shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any], entry: Architecture
) -> None:
    """Compare the tensors in the files with the sizes that the configuration gives."""
    # Sizes include transformers' defaults: tensors that it would create must be in the files.
    known = {**entry.defaults, **config}
    sizes = {size: known[entry.key(size)] for size in SIZES if entry.key(size) in known}
    hidden, layers = sizes["hidden_size"], sizes["num_hidden_layers"]
    # A checkpoint with a head names the encoder `roberta.`; a bare one has no such prefix.
    short = {key.removeprefix(f"{entry.base}."): shape for key, shape in shapes.items()}
    optional = _of_layers(entry.optional, layers, sizes)
    wanted = _of_layers(entry.tensors, layers, sizes)
    wanted |= {key: shape for key, shape in optional.items() if key in short}
    for key, shape in wanted.items():
        found = short.get(key)
        if found is None:
            raise MissingBackboneError(
                f"backbone `{name}`: its weights do not contain `{key}`",
                hint=f"config.json states {layers} layers of width {hidden}",
            )
        if found != shape:
            raise MissingBackboneError(
                f"backbone `{name}`: `{key}` has shape {list(found)} in the weights, but "
                f"config.json requires {list(shape)}",
                hint="config.json and the weights belong to different models",
            )


def _of_layers(
    shapes: Mapping[str, tuple[str, ...]], layers: int, sizes: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """Return the tensors of an entry in an encoder with this many layers."""
    return {
        key.format(layer=layer): tuple(sizes[size] for size in shape)
        for key, shape in shapes.items()
        for layer in (range(layers) if "{layer}" in key else [0])
    }


def _content_hash(config: dict[str, Any], files: Iterable[Path]) -> str:
    kept = {key: value for key, value in config.items() if key not in _VOLATILE}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for path in sorted(files, key=lambda file: file.name):
        digest.update(f"\n{path.name} {sha256_kept(path)}".encode())
    return digest.hexdigest()
