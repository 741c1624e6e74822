"""Finds the files of an adapter in another library's folder, and refuses pickles."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.lfs import FETCH, POINTER, is_pointer
from adapterxlt.sharing.content import check_content
from adapterxlt.store.inside import open_inside

CONFIG = "adapter_config.json"
FILES = {"adapters": "adapter.safetensors", "peft": "adapter_model.safetensors"}
HEAD_FILE = "model_head.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_CONVERT = {
    "adapters": "if you trust it, convert it with `adapters`: model.load_adapter(FOLDER), then "
    "model.save_adapter(NEW_FOLDER, NAME, use_safetensors=True)",
    "peft": "if you trust it, convert it with PEFT: PeftModel.from_pretrained(BASE, FOLDER)"
    ".save_pretrained(NEW_FOLDER)",
    "transformers": (
        "if you trust it, convert it with transformers: load it with "
        "from_pretrained(FOLDER) of its class, then save_pretrained(NEW_FOLDER)"
    ),
}


def adapter_folders(folder: Path) -> list[Path]:
    """The folder itself if it holds an adapter, else those directly in it that do."""
    if (folder / CONFIG).exists():
        return [folder]
    return sorted(found.parent for found in folder.glob(f"*/{CONFIG}"))


def weights_file(place: Path, library: str, name: str) -> Path:
    """The safetensors file of that name, checked to be one.

    Raises:
        InvalidArtifactError: it is not there, or is a pickle whatever it is called.
    """
    path = place / name
    if not path.is_file():
        pickles = sorted(each.name for each in place.iterdir() if each.suffix in _PICKLES)
        found = (
            f"; it has {', '.join(pickles)}, which can run code when it is read" if pickles else ""
        )
        raise InvalidArtifactError(
            f"{place}: has no {name}{found}", hint=_CONVERT[library] if pickles else None
        )
    try:
        with open_inside(place, name) as stream:
            size = path.stat().st_size
            if is_pointer(stream.read(50), size):
                raise InvalidArtifactError(f"{path}: {POINTER}", hint=FETCH)
            stream.seek(0)
            check_content(stream, name, size, str(path))
    except InvalidArtifactError as error:
        hint = _CONVERT[library] if "pickle" in error.message else error.hint
        raise InvalidArtifactError(error.message, hint=hint) from None
    return path
