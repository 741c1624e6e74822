"""Finds a pretrained encoder and checks, without torch, that it is whole.

A backbone is the bundled `mini`, a local folder, or a model of the Hugging Face Hub. Only
safetensors weights are taken, and of the Hub only the configuration, tokenizer and weights.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapterxlt.backbone_config import safe_config
from adapterxlt.backbone_tokenizer import safe_added, safe_tokenizer_config, safe_tokens
from adapterxlt.bundled import bundled
from adapterxlt.errors import MissingBackboneError
from adapterxlt.lfs import FETCH, POINTER, is_pointer
from adapterxlt.safetensors_header import read_shapes
from adapterxlt.suggest import suggest

BUNDLED = ("mini",)
KNOWN = (*BUNDLED, "xlm-roberta-base", "xlm-roberta-large")
MODEL_TYPES = ("xlm-roberta",)
TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model")  # one of them must be there
TOKENIZER_FILES = (
    *TOKENIZERS,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
# What it is, may be used for and has read: goes along where it is copied to.
NOTES = ("README.md", "LICENSE", "LICENSE.txt", "texts.u64")
# Say nothing about what the model computes, and change when it is saved again or moved.
_VOLATILE = ("transformers_version", "_name_or_path", "torch_dtype", "dtype")
_MAX_JSON = 64 << 20  # bytes; the index of thousands of shards is far smaller
_log = logging.getLogger("adapterxlt")  # warnings go to stderr where nobody asks for other
_CONVERT = (
    "convert the weights once, where you trust the file: "
    "`AutoModelForMaskedLM.from_pretrained(FOLDER).save_pretrained(FOLDER)` "
    "of transformers writes model.safetensors"
)


@dataclass(frozen=True)
class Backbone:
    """A checked backbone.

    Args:
        name: as the recipe names it.
        path: folder with its files.
        hash: sha256 over configuration, weights and tokenizer.
        hidden_size: width. layers: number of transformer layers.
        max_positions: size of the position table (XLM-R: 514, two of which are taken).
        model_type: `xlm-roberta`.
    """

    name: str
    path: Path
    hash: str
    hidden_size: int
    layers: int
    max_positions: int
    model_type: str

    @property
    def max_length(self) -> int:
        """Longest input in subwords: positions start at 2, after the padding index."""
        return self.max_positions - 2


def resolve_backbone(name: str, base: Path, *, download: bool = True) -> Backbone:
    """Find a backbone and check it.

    Args:
        name: `mini`, a folder (looked for in `base`, then in the current folder), or a Hub id.
        base: folder of the recipe.
        download: whether a model of the Hub that is not in the local cache is downloaded.

    Raises:
        MissingBackboneError: it is not there, not whole, or of another kind than XLM-R.
    """
    return inspect_backbone(name, _find(name, base, download))


def _find(name: str, base: Path, download: bool) -> Path:
    if name in BUNDLED:
        folder = bundled(f"artifacts/backbones/{name}")
        if not folder.is_dir():
            raise MissingBackboneError(
                f"the bundled backbone `{name}` is not in this installation ({folder})",
                hint="install the project again, or rebuild it with recipes/build-mini.yaml",
            )
        return folder
    path = Path(name).expanduser()
    places = [path] if path.is_absolute() else [base / path, Path.cwd() / path]
    for place in places:
        if place.is_dir():
            return place.resolve()
    for place in places:
        if place.is_file():
            raise MissingBackboneError(
                f"backbone {place} is a file", hint="give the folder that holds config.json"
            )
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        looked = " and ".join(dict.fromkeys(str(place) for place in places))
        raise MissingBackboneError(f"backbone `{name}`: no such folder (looked for {looked})")
    return _from_hub(name, download)


def _from_hub(name: str, download: bool) -> Path:
    """Folder of a Hub model: the local cache if it is whole there, else a download."""
    import huggingface_hub

    patterns = ["config.json", *TOKENIZER_FILES, WEIGHTS, INDEX, "model-*.safetensors"]
    try:
        cached = Path(
            huggingface_hub.snapshot_download(name, allow_patterns=patterns, local_files_only=True)
        )
        if (cached / "config.json").is_file() and _weight_files(name, cached):
            return cached
    except (OSError, ValueError, MissingBackboneError):
        if not download:
            raise MissingBackboneError(
                f"backbone `{name}` is no folder, and not in the local cache of the Hub",
                hint=_did_you_mean(name) + "a run downloads a model of the Hub",
            ) from None
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=patterns))
    except Exception as error:  # the Hub's own, the HTTP library's and the file system's
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MissingBackboneError(
            f"backbone `{name}` is no folder, and the Hugging Face Hub did not give it: {reason}",
            hint=_did_you_mean(name) + "or give the folder of a downloaded model",
        ) from error


def _did_you_mean(name: str) -> str:
    """Nothing for a name that is right, though its model is not here."""
    return "" if name in KNOWN else f"{suggest(name, KNOWN)}; "


def inspect_backbone(name: str, folder: Path) -> Backbone:
    """Check the files in a folder and describe the backbone.

    Raises:
        MissingBackboneError: something is missing or does not fit; the message names it.
    """
    config = _read_json(name, folder / "config.json")
    model_type = config.get("model_type")
    if model_type not in MODEL_TYPES:
        raise MissingBackboneError(
            f"backbone `{name}` is of type `{model_type}` ({folder / 'config.json'})",
            hint=f"only {', '.join(MODEL_TYPES)} is supported for now",
        )
    hidden_size = _positive(name, folder, config, "hidden_size")
    layers = _positive(name, folder, config, "num_hidden_layers")
    positions = _positive(name, folder, config, "max_position_embeddings")
    _positive(name, folder, config, "vocab_size")
    kept, left_out = safe_config(config, f"backbone `{name}`: {folder / 'config.json'}")
    tokenizer_documents(name, folder)
    weights = _weight_files(name, folder)
    _check_weights(name, weights, kept)
    if not any((folder / file).is_file() for file in TOKENIZERS):
        raise MissingBackboneError(
            f"backbone `{name}` has no tokenizer in {folder}",
            hint=f"it needs {' or '.join(TOKENIZERS)}",
        )
    tokenizer = [folder / file for file in TOKENIZER_FILES if (folder / file).is_file()]
    for path in tokenizer:
        with path.open("rb") as stream:
            if is_pointer(stream.read(50), path.stat().st_size):
                raise MissingBackboneError(f"backbone `{name}`: {path} {POINTER}", hint=FETCH)
    _say_left_out(name, folder, tuple(left_out))
    return Backbone(
        name=name,
        path=folder,
        hash=_content_hash(config, [*weights, *tokenizer]),
        hidden_size=hidden_size,
        layers=layers,
        max_positions=positions,
        model_type=str(model_type),
    )


def model_config(backbone: Backbone) -> dict[str, Any]:
    """What transformers may know of a backbone's config.json; see `safe_config`."""
    path = backbone.path / "config.json"
    kept, _ = safe_config(_read_json(backbone.name, path), f"backbone `{backbone.name}`: {path}")
    return kept


def tokenizer_documents(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What transformers may know of a tokenizer's settings, by the names of their files.

    Raises:
        MissingBackboneError: they name code to run, or are not as transformers writes them.
    """
    found = {}
    for file, safe in {
        "tokenizer_config.json": safe_tokenizer_config,
        "special_tokens_map.json": safe_tokens,
        "added_tokens.json": safe_added,
    }.items():
        path = folder / file
        if path.is_file():
            found[file] = dict(safe(_read_json(name, path), f"backbone `{name}`: {path}"))
    return found


def weights_index(backbone: Backbone) -> tuple[list[Path], dict[str, str]]:
    """The files that hold the weights, and the name of each tensor's file if there are several."""
    files = _weight_files(backbone.name, backbone.path)
    if files == [backbone.path / WEIGHTS]:
        return files, {}
    mapping = _read_json(backbone.name, backbone.path / INDEX)["weight_map"]
    return files, {tensor: Path(str(shard)).name for tensor, shard in mapping.items()}


def files_of(backbone: Backbone) -> list[Path]:
    """The files in its folder that it consists of, and its notes; whatever else lies there."""
    weights = _weight_files(backbone.name, backbone.path)
    index = [INDEX] if weights != [backbone.path / WEIGHTS] else []
    others = ["config.json", *TOKENIZER_FILES, *index, *NOTES]
    named = [backbone.path / name for name in others]
    return [*weights, *(path for path in named if path.is_file())]


@cache
def _say_left_out(name: str, folder: Path, keys: tuple[str, ...]) -> None:
    """Say once what of a config.json has no effect here."""
    if keys:
        shown = ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
        _log.warning(
            "note: backbone `%s`: of %s, not used: %s", name, folder / "config.json", shown
        )


def _read_json(name: str, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_JSON + 1)
        if is_pointer(content[:50], len(content)):
            raise MissingBackboneError(f"backbone `{name}`: {path} {POINTER}", hint=FETCH)
        if len(content) > _MAX_JSON:
            raise ValueError(f"it has more than {_MAX_JSON} bytes")
        found = json.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise MissingBackboneError(
            f"backbone `{name}` has no {path.name} in {path.parent}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise MissingBackboneError(f"backbone `{name}`: cannot read {path}: {error}") from None
    if not isinstance(found, dict):
        raise MissingBackboneError(f"backbone `{name}`: {path} is no JSON object")
    return found


def _positive(name: str, folder: Path, config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if type(value) is not int or value < 1:
        raise MissingBackboneError(
            f"backbone `{name}`: {folder / 'config.json'} has {key}: {value!r}",
            hint="it must be a whole number above 0",
        )
    return value


def _weight_files(name: str, folder: Path) -> list[Path]:
    """The safetensors files that hold the weights: one, or the shards of an index."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        mapping = _read_json(name, folder / INDEX).get("weight_map")
        names = sorted({str(v) for v in mapping.values()}) if isinstance(mapping, dict) else []
        shards = [folder / Path(shard).name for shard in names]  # never outside the folder
        missing = [shard.name for shard in shards if not shard.is_file()]
        if missing or not shards:
            raise MissingBackboneError(
                f"backbone `{name}`: {folder / INDEX} names weights that are not there: "
                + (", ".join(missing) or "none at all")
            )
        return shards
    pickled = sorted(
        path.name
        for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
        for path in folder.glob(pattern)
    )
    if pickled:
        raise MissingBackboneError(
            f"backbone `{name}` has only pickled weights ({', '.join(pickled)}) in {folder}; "
            "those can run code and are never loaded",
            hint=_CONVERT,
        )
    raise MissingBackboneError(
        f"backbone `{name}` has no weights in {folder}", hint=f"{WEIGHTS} is missing"
    )


def _check_weights(name: str, files: Iterable[Path], config: dict[str, Any]) -> None:
    """Compare the tensors in the files with the sizes that the configuration gives."""
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            shapes |= read_shapes(file)
        except (ValueError, OSError) as error:
            raise MissingBackboneError(f"backbone `{name}`: {file} {error}") from None
    wanted: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], hidden),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], hidden),
    }
    # Sizes with a default in transformers; what it would make room for must be in the files.
    types, inner = config.get("type_vocab_size", 2), config.get("intermediate_size", 3072)
    optional: dict[str, tuple[int, ...]] = {
        "embeddings.token_type_embeddings.weight": (types, hidden)
    }
    for index in range(layers):
        wanted[f"encoder.layer.{index}.output.dense.bias"] = (hidden,)
        optional[f"encoder.layer.{index}.intermediate.dense.bias"] = (inner,)
    # A checkpoint with a head calls the encoder `roberta.`, a bare one gives it no name.
    short = {key.removeprefix("roberta."): shape for key, shape in shapes.items()}
    wanted |= {key: shape for key, shape in optional.items() if key in short}
    for key, shape in wanted.items():
        found = short.get(key)
        if found is None:
            raise MissingBackboneError(
                f"backbone `{name}`: its weights hold no `{key}`",
                hint=f"config.json says {layers} layers of width {hidden}",
            )
        if found != shape:
            raise MissingBackboneError(
                f"backbone `{name}`: `{key}` has shape {list(found)} in the weights, but "
                f"config.json wants {list(shape)}",
                hint="config.json and weights are of different models",
            )


def _content_hash(config: dict[str, Any], files: Iterable[Path]) -> str:
    kept = {key: value for key, value in config.items() if key not in _VOLATILE}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for path in sorted(files, key=lambda file: file.name):
        status = path.stat()
        digest.update(f"\n{path.name} ".encode())
        digest.update(_file_hash(path, status.st_size, status.st_mtime_ns).encode())
    return digest.hexdigest()


@cache
def _file_hash(path: Path, size: int, modified_ns: int) -> str:
    """sha256 of a file; size and time are there so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
