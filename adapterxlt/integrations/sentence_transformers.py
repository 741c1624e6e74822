"""Exports an encoder at its layer and pooling as a sentence-transformers model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapterxlt.errors import AdapterXLTError, MissingPackageError, UsageError
from adapterxlt.integrations.encoder_card import encoder_card
from adapterxlt.models.quiet import quiet
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Poolings of sentence-transformers. It includes special tokens in means, as `mean` does.
PLAIN_POOLINGS = ("mean", "cls", "max")


def export_sentence_transformers(
    built: Built,
    out: Path,
    *,
    layer: int,
    pooling: Pooling,
    artifact: Path | None = None,
    normalise: bool = False,
    max_length: int = 512,
) -> bool:
    """Write a folder that `SentenceTransformer(folder)` loads, with the same vectors.

    Its README.md names the layer and pooling, and the parts that were left out.

    A bare backbone or a full fine-tune becomes a plain transformer of `layer` layers with
    sentence-transformers' own pooling, and needs only that library. Adapters, and pooling without
    special tokens, are loaded through `composed.ComposedEncoder`: adapterxlt must be installed
    where the model is used.

    Args:
        built: the encoder, in evaluation mode, on the CPU.
        out: the folder; it must be empty or must not exist.
        layer: hidden layer, 0 = embeddings.
        pooling: as in protocols.
        artifact: folder that `built` was loaded from; None for the bare backbone.
        normalise: scale vectors to length 1.
        max_length: tokens per text at most.

    Returns:
        True if the folder needs only sentence-transformers.

    Raises:
        MissingPackageError: sentence-transformers is not installed.
        UsageError: there is no such layer.
        AdapterXLTError: `out` is not empty.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize
    except ImportError as error:
        raise MissingPackageError(
            "exporting to sentence-transformers needs that package",
            hint='pip install "adapterxlt[mteb]"',
        ) from error
    depth = built.model.config.num_hidden_layers
    if not 0 <= layer <= depth:
        raise UsageError(
            f"there is no layer {layer}", hint=f"the layers are 0 (embeddings) to {depth}"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise AdapterXLTError(f"{out} exists and is not empty", hint="choose another folder")
    limit = min(max_length, built.tokenizer.model_max_length)
    entry = built.backbone.architecture
    whole = layer == depth or (entry.last is None and (layer > 0 or entry.layerless))
    bare = built.spec is None or built.spec.setup is None
    plain = pooling in PLAIN_POOLINGS and bare and whole
    with quiet(), tempfile.TemporaryDirectory() as scratch:
        if plain:
            modules = _plain_modules(built, Path(scratch), layer, pooling, limit)
        else:
            from adapterxlt.integrations.composed import ComposedEncoder

            composed = ComposedEncoder(
                built, artifact, layer=layer, pooling=pooling, max_length=limit
            )
            modules = [composed]
        if normalise:
            modules.append(Normalize())
        model = SentenceTransformer(modules=modules, device="cpu")
        model.save(str(out), create_model_card=False)
    card = encoder_card(
        built, layer=layer, pooling=pooling, max_length=limit, normalise=normalise, plain=plain
    )
    (out / "README.md").write_text(card, encoding="utf-8")
    return plain


def _plain_modules(
    built: Built, scratch: Path, layer: int, pooling: Pooling, max_length: int
) -> list[Any]:
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling as PoolingModule

    from adapterxlt.models.head_classes import plain_encoder

    config = type(built.model.config).from_dict(
        {**built.model.config.to_dict(), "num_hidden_layers": layer}
    )
    model = plain_encoder(built.backbone.architecture, config)
    whole = built.model.base_model.state_dict()
    model.load_state_dict({name: whole[name] for name in model.state_dict()}, strict=True)
    model.save_pretrained(scratch)
    built.tokenizer.save_pretrained(scratch)
    transformer = Transformer(str(scratch), max_seq_length=max_length)
    return [transformer, PoolingModule(config.hidden_size, pooling_mode=pooling)]
