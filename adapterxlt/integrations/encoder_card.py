"""The README of an encoder exported to sentence-transformers; it describes the vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapterxlt.show import printable
from adapterxlt.vectors.identity import encoder_name, encoder_revision
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def left_behind(built: Built) -> list[str]:
    """Return the parts that a sentence encoder cannot include: the heads, by kind and task."""
    heads = built.spec.heads if built.spec else ()
    return [f"the {head.kind.replace('_', ' ')} head for {printable(head.task)}" for head in heads]


def encoder_card(
    built: Built, *, layer: int, pooling: Pooling, max_length: int, normalise: bool, plain: bool
) -> str:
    """Return the card as text that begins with its metadata.

    Args:
        built: the encoder.
        layer, pooling, max_length, normalise: the settings of its vectors.
        plain: whether it needs only sentence-transformers.
    """
    spec = built.spec
    name = encoder_name(built)
    revision = encoder_revision(built, layer, pooling, max_length)
    parts = (
        [f"`{adapter.name}` ({_code(adapter.method)})" for adapter in spec.adapters] if spec else []
    )
    if spec and spec.full:
        parts.insert(0, "every weight of the backbone")
    rows = [
        ("layer", f"{layer} of {built.backbone.layers} (0 is the embeddings)"),
        ("pooling", f"`{pooling}`" + (", scaled to length 1" if normalise else "")),
        ("longest text", f"{max_length} tokens; longer texts are cut"),
        ("backbone", f"{_code(built.backbone.name)}, content {built.backbone.hash[:16]}"),
        ("trained", ", ".join(parts) or "nothing; this is the bare backbone"),
        ("left behind", ", ".join(left_behind(built)) or "nothing"),
        ("needs", "sentence-transformers" if plain else "sentence-transformers and adapterxlt"),
    ]
    if plain:
        back = (
            "adapterxlt cannot import this folder, because it has neither the heads nor the "
            "layers above. Keep the artifact it was exported from."
            if spec
            else (
                "This folder is only for sentence-transformers; adapterxlt uses the backbone "
                "itself."
            )
        )
    elif spec:
        back = (
            "`0_ComposedEncoder/artifact` is the artifact itself, including its heads; "
            "`adapterxlt artifact import` reads it."
        )
    else:
        back = "`0_ComposedEncoder/backbone` is the backbone itself."
    return "\n".join(
        [
            "---",
            "library_name: sentence-transformers",
            "pipeline_tag: sentence-similarity",
            "tags: [sentence-transformers, adapterxlt]",
            "---",
            "",
            f"# {name}",
            "",
            "A sentence encoder exported by adapterxlt. It gives the same vectors as adapterxlt.",
            "",
            "| | |",
            "| --- | --- |",
            *(f"| {key} | {value.replace('|', chr(92) + '|')} |" for key, value in rows),
            "",
            "```python",
            "from sentence_transformers import SentenceTransformer",
            "",
            "model = SentenceTransformer(THIS_FOLDER)",
            'vectors = model.encode(["A sentence.", "Ein Satz."])',
            "```",
            "",
            (
                "mteb stores scores by the name and revision of a model, which a folder does not "
                "have. Set both, so that mteb does not mix up the scores of different models:"
            ),
            "",
            "```python",
            f'model.model_card_data.model_name = "{name}"',
            f'model.model_card_data.base_model_revision = "{revision}"',
            "```",
            "",
            back,
            "",
        ]
    )


def _code(text: str) -> str:
    return "`" + printable(text).replace("`", "'") + "`"
