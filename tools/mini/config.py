"""Parameters of a backbone build; `mini.yaml` holds those of the bundled one."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

LANGUAGES: tuple[str, ...] = (
    "en", "de", "es", "fr", "ru", "zh", "ar", "hi", "tr",
    "vi", "sw", "th", "bg", "el", "ur", "fi", "ja", "ko",
)  # fmt: skip


class EmbeddingPhase(BaseModel):
    """First phase: contrastive training of bags of subword vectors, without the transformer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(5000, ge=1)
    batch: int = Field(512, ge=2, description="groups in a batch; the others are the negatives")
    learning_rate: float = Field(1e-2, gt=0)
    token_dropout: float = Field(0.2, ge=0, lt=1)
    temperature: float = Field(0.05, gt=0)
    english_share: float = Field(0.7, ge=0, le=1, description="pairs with English on one side")
    phrase_share: float = Field(0.3, ge=0, lt=1, description="groups that are aligned phrases")


class TransformerPhase(BaseModel):
    """Second phase: language modelling, cloze questions and alignment, in three passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(6000, ge=1, description="on all tasks, of all layers")
    alignment_steps: int = Field(
        1200, ge=0, description="on alignment alone, of the layers up to the retrieval layer"
    )
    upper_steps: int = Field(1500, ge=0, description="on all tasks, of the layers above it")
    learning_rate: float = Field(2e-3, gt=0, description="of the layers above the retrieval layer")
    upper_learning_rate: float = Field(1e-3, gt=0, description="of them in the last pass")
    lower_learning_rate: float = Field(3e-4, gt=0, description="of the layers up to it")
    embedding_learning_rate: float = Field(1e-4, gt=0, description="of the word embeddings")
    tokens: int = Field(2048, ge=64, description="padded tokens in a batch")
    translation_share: float = Field(0.2, ge=0, le=1, description="steps on joined pairs (TLM)")
    paragraph_share: float = Field(0.2, ge=0, le=1, description="steps on running text (MLM)")
    cloze_share: float = Field(0.4, ge=0, lt=1, description="steps on cloze questions")
    masked: float = Field(0.15, gt=0, lt=1)
    spaced: float = Field(
        0.15, ge=0, le=1, description="sentences whose unspaced script is cut up as words are"
    )
    contrastive_weight: float = Field(2.0, ge=0, description="of aligning the retrieval layer")
    top_weight: float = Field(0.5, ge=0, description="of aligning the last layer as well")
    negatives: int = Field(1024, ge=2, description="other sentences to tell a translation from")
    temperature: float = Field(0.05, gt=0)
    english_share: float = Field(0.7, ge=0, le=1)
    phrase_share: float = Field(0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _shares(self) -> TransformerPhase:
        if self.translation_share + self.paragraph_share > 1:
            raise ValueError("translation_share and paragraph_share add up to more than 1")
        return self


class PretrainConfig(BaseModel):
    """What a configuration file may say; every field has the bundled backbone's value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: tuple[str, ...] = LANGUAGES
    vocabulary: int = Field(16000, ge=100, description="SentencePiece pieces")
    vocabulary_characters: int = Field(
        400_000, ge=1, description="characters of each language that the pieces are learnt from"
    )
    hidden_size: int = Field(192, ge=8)
    layers: int = Field(4, ge=1)
    heads: int = Field(6, ge=1)
    intermediate_size: int = Field(768, ge=8)
    retrieval_layer: int = Field(2, ge=1, description="the layer whose mean is trained to align")
    embeddings: EmbeddingPhase = EmbeddingPhase()
    transformer: TransformerPhase = TransformerPhase()
    seed: int = 1
    threads: int = Field(2, ge=1, description="torch threads; the result depends on it")

    @model_validator(mode="after")
    def _consistent(self) -> PretrainConfig:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of heads {self.heads}")
        if self.retrieval_layer > self.layers:
            raise ValueError(
                f"retrieval_layer {self.retrieval_layer} is above the last layer {self.layers}"
            )
        if len(set(self.languages)) < 2:
            raise ValueError("languages must name at least two different languages")
        return self
