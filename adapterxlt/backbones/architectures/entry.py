"""Facts about an architecture that are needed to use its encoders as backbones. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapterxlt.backbones.rules import Rule

Shape = tuple[str, ...]  # keys of the configuration, by BERT's names for them

EVERY = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


@dataclass(frozen=True, eq=False)  # an entry is equal only to itself, so it can be a key
class Architecture:
    """An encoder of transformers that `adapters` can put adapters into.

    Sizes have the names of BERT's configuration here (`hidden_size`, `num_hidden_layers`,
    `num_attention_heads`, `intermediate_size`, `max_position_embeddings`, `vocab_size`,
    `type_vocab_size`), even if this architecture uses other names.

    Args:
        model_type: the `model_type` in config.json.
        classes: the beginning of the names of its classes in transformers: `Bert`.
        base: the encoder's name in a model with a head: `bert`.
        keys: the keys of config.json that transformers gets, and the values they may have.
        required: sizes that config.json must give; the others have `defaults`.
        tensors: tensors of the encoder that the weights must hold, with their shapes; `{layer}` is
            each layer's number.
        optional: tensors that must have this shape if they are present.
        vocabularies: files that hold a tokenizer; one of them must be present.
        tokenizers: classes of transformers that may read them, without `Tokenizer(Fast)`.
        model: the class that takes adapters and heads, as `module:Class`; by default the class
            of `adapters`.
        fixed: keys of the configuration with a fixed value here, whatever config.json says.
        attention: how transformers computes attention, where it may choose flash attention by
            itself; "": its choice.
        body: the parts of the encoder that hold its weights.
        layers: the path of its list of layers.
        words: the path of its word embeddings.
        pooler: whether the encoder has a pooler, which can be left out.
        layerless: whether the encoder can compute its embeddings if it has no layers.
        last: the part that is applied only after the last layer, if any.
        sizes: its own names of sizes, if they differ from BERT's.
        defaults: the sizes that transformers uses if config.json does not give them, by the names
            of config.json.
        first_position: the position of the first token; no text uses the rows before it.
        segments: whether the second text of a pair has a token type of its own.
        activation: the function between the layers of transformers' heads.
        linear: PEFT's names of the query, key and value matrices and of the feed-forward's
            matrices; {} if PEFT has no equivalent ones.
        plain_heads: the kinds whose heads transformers builds as adapterxlt does, layer by layer;
            True: all of them.
        cannot: methods and kinds of parts that do not work, and why; see `methods.features`.
        models: well-known models on the Hub: layers, width, size in words.
        decoder: whether a token sees only the tokens before it. Decoders have no heads here: their
            words can only be aligned and probed; see `StageKind.decoders`.
        since: the first version of `adapters` that computes it correctly; "" for all supported
            versions.
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
    attention: str = ""
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
        """All files that can define the tokenizer."""
        return (*self.vocabularies, *EVERY)
