"""Finds an encoder: the bundled `mini`, a local folder, or a model on the Hub. No torch.

From the Hub, only the configuration, tokenizer and safetensors weights are taken.
"""

from __future__ import annotations

from pathlib import Path

from adapterxlt.backbones.architectures import BUILT_IN, find
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.backbones.files import INDEX, WEIGHTS, read_json, weight_files
from adapterxlt.bundled import bundled
from adapterxlt.errors import MissingBackboneError
from adapterxlt.home import expanded
from adapterxlt.suggest import suggest

BUNDLED = ("mini",)
KNOWN = (*BUNDLED, *(name for entry in BUILT_IN.values() for name in entry.models))
_HUB_FILES = [
    "config.json",
    *sorted({file for entry in BUILT_IN.values() for file in entry.tokenizer_files}),
    *(WEIGHTS, INDEX, "model-*.safetensors"),
]


def resolve_backbone(name: str, base: Path, *, download: bool = True) -> Backbone:
    """Find a backbone and check it.

    Args:
        name: `mini`, a folder (searched in `base`, then in the current folder), or a Hub id.
        base: folder of the recipe.
        download: whether a model on the Hub is downloaded if it is not in the local cache.

    Raises:
        MissingBackboneError: it is missing or incomplete, or its architecture has no entry.
    """
    return inspect_backbone(name, _find(name, base, download))


def _find(name: str, base: Path, download: bool) -> Path:
    if name in BUNDLED:
        folder = bundled(f"artifacts/backbones/{name}")
        if not folder.is_dir():
            raise MissingBackboneError(
                f"the bundled backbone `{name}` is not in this installation ({folder})",
                hint="reinstall adapterxlt, or clone the repository again",
            )
        return folder
    path = expanded(name)
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
    """Return the folder of a Hub model: the local cache if it is complete there, else download."""
    import huggingface_hub

    try:
        cached = Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=_HUB_FILES, local_files_only=True
            )
        )
        if _is_whole(name, cached):
            return cached
    except (OSError, ValueError, MissingBackboneError):
        pass
    if not download:
        raise MissingBackboneError(
            f"backbone `{name}` is neither a folder nor in the local cache of the Hub",
            hint=_did_you_mean(name) + "`adapterxlt run` downloads models from the Hub",
        )
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=_HUB_FILES))
    except Exception as error:  # errors of the Hub, the HTTP library and the file system
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MissingBackboneError(
            f"backbone `{name}` is not a folder, and it cannot be fetched from the Hugging Face "
            f"Hub: {reason}",
            hint=_did_you_mean(name) + "or give the folder of a downloaded model",
        ) from error


def _is_whole(name: str, folder: Path) -> bool:
    """Whether a folder holds a configuration, weights and a tokenizer; another program may have
    fetched only some of them.

    Raises:
        MissingBackboneError: the configuration or the weights are missing or damaged.
    """
    model_type = read_json(name, folder / "config.json").get("model_type")
    entry = find(model_type) if isinstance(model_type, str) else None
    # A model of an unknown type is refused later on, with or without a tokenizer.
    known = entry is None or any((folder / file).is_file() for file in entry.vocabularies)
    return known and bool(weight_files(name, folder))


def _did_you_mean(name: str) -> str:
    """Suggest a backbone; return "" if the name is right and only the model is missing."""
    return "" if name in KNOWN else f"{suggest(name, KNOWN, see='adapterxlt list backbones')}; "
