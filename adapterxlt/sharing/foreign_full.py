"""Reads checkpoints of whole models that transformers wrote: full fine-tunes of a backbone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.files import INDEX, WEIGHTS
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.foreign_config import read_config, refuse
from adapterxlt.sharing.foreign_files import weights_file
from adapterxlt.sharing.foreign_head import ForeignHead, head_from_config, shapes_of
from adapterxlt.show import brief

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
MAX_SHARDS = 200
# What of a configuration does not change an encoder's outputs.
_IDLE = frozenset(
    {
        *("attention_dropout", "attention_probs_dropout_prob", "classifier_dropout", "dropout"),
        *("hidden_dropout_prob", "initializer_range", "qa_dropout", "seq_classif_dropout"),
        *("bos_token_id", "eos_token_id", "use_cache"),
    }
)


@dataclass(frozen=True)
class Checkpoint:
    """A whole model of transformers.

    Args:
        files: its weights: one file, or its shards. note: what of it is left out.
    """

    files: tuple[Path, ...]
    head: ForeignHead | None
    note: str


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder looks like one that `save_pretrained` of transformers wrote."""
    if not (folder / CONFIG).is_file():
        return False
    names = (WEIGHTS, INDEX, "pytorch_model.bin", "pytorch_model.bin.index.json")
    return any((folder / name).is_file() for name in names)


def read_checkpoint(folder: Path, backbone: Backbone) -> Checkpoint:
    """Read such a folder; its weights' names and shapes, not yet their values.

    Raises:
        InvalidArtifactError: it is of another architecture or size than the backbone, splits
            text in another way, or holds pickles only.
    """
    from adapterxlt.models.foreign_weights import POOLER
    from adapterxlt.models.head_classes import kinds_by_class
    from adapterxlt.models.plain_heads import places

    path = folder / CONFIG
    config = read_config(path)
    _check_alike(config, read_config(backbone.path / CONFIG), path, backbone)
    _check_tokenizer(folder, backbone)
    files = _files(folder)
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        shapes |= shapes_of(file)
    named = config.get("architectures")
    said = brief(named[0]) if isinstance(named, list) and named else ""
    entry = backbone.architecture
    kind = kinds_by_class(entry).get(said)
    body = tuple(f"{before}{part}." for before in (entry.prefix, "") for part in entry.body)
    others = sorted(name for name in shapes if not name.startswith(body))
    if kind is None:
        left = [name for name in others if not name.removeprefix(entry.prefix).startswith(POOLER)]
        if left:
            of = f" of `{said}`" if said else ""
            return Checkpoint(
                files, None, f"its head{of} (`{left[0]}`) is not supported and was left out"
            )
        pooler = "its pooler, which no head here uses, was left out" if others else ""
        return Checkpoint(files, None, pooler)
    where = places(entry, kind)
    missing = sorted({*where.names.values()} - {where.aliases.get(name, name) for name in shapes})
    if missing:
        refuse(path, f"is a model of type `{said}`, but the weights do not contain `{missing[0]}`")
    reason = _untied(files, where.aliases, entry.word_embeddings)
    if reason:
        return Checkpoint(files, None, f"its head is not supported: {reason}; it was left out")
    last = where.names[f"{where.last}.bias"]
    found = head_from_config(config, kind, shapes[last][0] if shapes[last] else 0, path)
    if isinstance(found, str):
        return Checkpoint(files, None, f"{found}; it was left out")
    return Checkpoint(files, found, "")


def _check_alike(
    config: dict[str, Any], own: dict[str, Any], path: Path, backbone: Backbone
) -> None:
    from adapterxlt.models.head_classes import config_class

    entry = backbone.architecture
    defaults: dict[str, Any] = config_class(entry)().to_dict()
    for key in sorted(entry.keys.keys() - _IDLE):
        theirs, ours = config.get(key, defaults.get(key)), own.get(key, defaults.get(key))
        if theirs != ours:
            refuse(
                path,
                f"has `{key}: {brief(theirs)}`, but the backbone `{backbone.name}` has "
                f"{brief(ours)}",
                "name the backbone that it was trained from",
            )


def _check_tokenizer(folder: Path, backbone: Backbone) -> None:
    """Its subwords must be numbered as the backbone's, whose tokenizer will be used."""
    files = [place / TOKENIZER for place in (folder, backbone.path)]
    if not all(file.is_file() for file in files):
        return
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

    try:
        theirs, ours = (Tokenizer.from_file(str(file)).get_vocab() for file in files)
    except Exception as error:  # the library raises no narrower one
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidArtifactError(f"{files[0]}: cannot be read: {brief(first)}") from None
    if theirs != ours:
        refuse(files[0], f"has a different vocabulary from the backbone `{backbone.name}`")


def _files(folder: Path) -> tuple[Path, ...]:
    if not (folder / INDEX).is_file():
        return (weights_file(folder, "transformers", WEIGHTS),)
    mapping = read_config(folder / INDEX).get("weight_map")
    names = sorted({*map(str, mapping.values())}) if isinstance(mapping, dict) else []
    if not 0 < len(names) <= MAX_SHARDS or any(Path(name).name != name for name in names):
        refuse(folder / INDEX, "does not name any weights in this folder")
    return tuple(weights_file(folder, "transformers", name) for name in names)


def _untied(files: tuple[Path, ...], aliases: Mapping[str, str], words: str) -> str:
    """Return why a decoder is not tied to the word embeddings; "" if it is tied or missing."""
    import torch

    from adapterxlt.models import tensors
    from adapterxlt.models.foreign_weights import UNTIED

    decoder = next((name for name, first in aliases.items() if first == words), "")
    if not any(decoder in shapes_of(file) for file in files):
        return ""
    found: dict[str, torch.Tensor] = {}
    for file in files:
        found |= tensors.read(file)
    return "" if torch.equal(found[decoder], found[words]) else UNTIED
