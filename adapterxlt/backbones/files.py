"""The files of a backbone's folder: settings in JSON, weights in safetensors. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingBackboneError
from adapterxlt.lfs import FETCH, POINTER, is_pointer

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_MAX_JSON = 64 << 20  # bytes; the index of thousands of shards is far smaller
_CONVERT = (
    "if you trust the file, convert the weights once: "
    "`AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)` of transformers writes "
    "model.safetensors; `AutoModelForMaskedLM` in its place keeps the LM head, where there is "
    "one, but invents one, with a warning, where there is none"
)


def read_json(name: str, path: Path) -> dict[str, Any]:
    """Read a JSON object of backbone `name`.

    Raises:
        MissingBackboneError: the file is missing, or is not a JSON object.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_JSON + 1)
        if is_pointer(content[:50], len(content)):
            raise MissingBackboneError(f"backbone `{name}`: {path} {POINTER}", hint=FETCH)
        if len(content) > _MAX_JSON:
            raise ValueError(f"it exceeds the limit of {_MAX_JSON} bytes")
        found = json.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise MissingBackboneError(
            f"backbone `{name}` has no {path.name} in {path.parent}",
            hint="give the folder of a complete model: config.json, tokenizer and safetensors "
            "weights",
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise MissingBackboneError(f"backbone `{name}`: cannot read {path}: {error}") from None
    if not isinstance(found, dict):
        raise MissingBackboneError(f"backbone `{name}`: {path} is not a JSON object")
    return found


def weight_files(name: str, folder: Path) -> list[Path]:
    """Return the safetensors files of the weights: one file, or the shards of an index."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        mapping = read_json(name, folder / INDEX).get("weight_map")
        names = sorted({str(v) for v in mapping.values()}) if isinstance(mapping, dict) else []
        shards = [folder / Path(shard).name for shard in names]  # never outside the folder
        missing = [shard.name for shard in shards if not shard.is_file()]
        if missing or not shards:
            named = f"names missing weights: {', '.join(missing)}"
            problem = named if missing else "lists no weights"
            raise MissingBackboneError(f"backbone `{name}`: {folder / INDEX} {problem}")
        return shards
    pickled = sorted(
        path.name
        for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
        for path in folder.glob(pattern)
    )
    if pickled:
        raise MissingBackboneError(
            f"backbone `{name}` has only pickled weights ({', '.join(pickled)}) in {folder}; "
            "pickles can run code and are never loaded",
            hint=_CONVERT,
        )
    raise MissingBackboneError(
        f"backbone `{name}` has no weights in {folder}", hint=f"{WEIGHTS} is missing"
    )
