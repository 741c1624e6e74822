"""Facts about an architecture that are needed to use its encoders as backbones. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapterxlt.backbones.rules import Rule

Shape = tuple[str, ...]  # keys of the configuration, by the names that BERT has for them

EVERY = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


@dataclass(frozen=True, eq=False)  # an entry is equal to itself alone, so it can be a key
class Architecture:
    """An encoder of transformers that `adapters` can put adapters into.

    Sizes are called here as BERT's configuration calls them (`hidden_size`, `num_hidden_layers`,
    `num_attention_heads`, `intermediate_size`, `max_position_embeddings`, `vocab_size`,
    `type_vocab_size`), whatever this architecture's own calls them.

    Args:
        model_type: as config.json says.
        classes: what the names of its classes in transformers begin with: `Bert`.
        base: the encoder's name in a model with a head: `bert`.
        keys: config.json's keys that transformers gets, and what they may be.
        required: sizes that config.json must give; the others have `defaults`.
        tensors: of the encoder, that the weights must hold; `{layer}` is each layer's number.
        optional: tensors that must have this shape if they are there.
        vocabularies: files that hold a tokenizer; one of them must be there.
        tokenizers: classes of transformers that may read them, without `Tokenizer(Fast)`.
        model: where the class is that takes adapters and heads, as `module:Class`; by default
            it is that of `adapters`.
        fixed: keys of the configuration that have one value here, whatever config.json says.
        body: the parts of the encoder that hold its weights.
        layers: where its list of layers is.
        words: its word embeddings.
        pooler: whether the encoder has a pooler, which can be left out.
        layerless: whether the encoder computes its embeddings where it has no layers.
        last: the part that is applied after the last layer alone, if any.
        sizes: its own names of sizes, where they are others.
        defaults: what sizes transformers takes where config.json, by whose names they are here,
            does not give them.
        first_position: the first token's position: rows before it in the table are no text's.
        segments: whether the second text of a pair has a token type of its own.
        activation: between the layers of transformers' heads.
        linear: PEFT's names of the query, key and value matrices and of the feed-forward's; {}
            where it has none that are the same.
        plain_heads: the kinds whose heads in transformers are built as those here, layer by layer;
            True: all of them.
        cannot: methods and kinds of parts that do not work, and why; see `methods.features`.
        models: well-known ones on the Hub: layers, width, size in words.
        decoder: whether a token sees only those before it. Such models have no heads here: words
            are aligned and probed in them, and nothing else; see `StageKind.decoders`.
        since: the version of `adapters` that first computes it right; "" for all supported ones.
    """

    model_type: str
    classes: str
    base: str
    keys: Mapping[str, Rule]
    tensors: Mapping[str, Shape]
    optional: Mapping[str, Shape]
    vocabularies: tuple[str, ...]
    tokenizers: tuple[str, ...]
    model: str = ""
    fixed: Mapping[str, object] = field(default_factory=dict)
    body: tuple[str, ...] = ("embeddings", "encoder")
    layers: str = "encoder.layer"
    layerless: bool = True
    last: str | None = None
    words: str = "embeddings.word_embeddings.weight"
    pooler: bool = True
    sizes: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = (
        *("hidden_size", "num_hidden_layers", "max_position_embeddings", "vocab_size"),
    )
    defaults: Mapping[str, int] = field(default_factory=dict)
    first_position: int = 0
    segments: bool = False
    activation: str = "tanh"
    linear: Mapping[str, str] = field(
        default_factory=lambda: {
            "q": "query",
            "k": "key",
            "v": "value",
            "intermediate": "intermediate.dense",
        }
    )
    plain_heads: bool | tuple[str, ...] = True
    cannot: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, tuple[int, int, str]] = field(default_factory=dict)
    decoder: bool = False
    since: str = ""

    def key(self, size: str) -> str:
        """Return the name of a size in config.json."""
        return self.sizes.get(size, size)

    def has_plain(self, kind: str) -> bool:
        """Whether transformers builds the head of a kind in the same way as adapterxlt."""
        plain = self.plain_heads
        return plain if isinstance(plain, bool) else kind in plain

    @property
    def prefix(self) -> str:
        """Prefix of the encoder's tensor names in a model with a head."""
        return f"{self.base}."

    @property
    def word_embeddings(self) -> str:
        """The name of the word embeddings in a model with a head."""
        return self.prefix + self.words

    @property
    def tokenizer_files(self) -> tuple[str, ...]:
        """All files that define the tokenizer."""
        return (*self.vocabularies, *EVERY)
