"""Facts about a checked backbone. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapterxlt.backbones.architectures import Architecture, find
from adapterxlt.errors import UsageError
from adapterxlt.methods.checks import check_method


@dataclass(frozen=True)
class Backbone:
    """A checked backbone.

    Args:
        name: its name in the recipe.
        path: folder with its files.
        hash: sha256 over configuration, weights and tokenizer.
        hidden_size: width of the hidden states.
        layers: number of transformer layers.
        max_positions: size of the position table (XLM-R: 514, but two are reserved).
        model_type: type in its config.json: `xlm-roberta`, `bert`.
        lm_head: whether it was saved with its head for masked language modelling; encoders of
            sentences (LaBSE, E5) usually are not.
        seen: tasks whose training data its makers used, as stated by a recipe.
        prefix: text to put before each sentence in retrieval, as stated by a recipe.
    """

    name: str
    path: Path
    hash: str
    hidden_size: int
    layers: int
    max_positions: int
    model_type: str
    lm_head: bool = False
    seen: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def architecture(self) -> Architecture:
        """The facts that all models of its type share."""
        found = find(self.model_type)
        assert found is not None  # checked before a Backbone is created
        return found

    @property
    def max_length(self) -> int:
        """Longest input in subwords."""
        return self.max_positions - self.architecture.first_position

    def must_be_encoder(self, what: str) -> None:
        """Refuse a decoder for work with sentences or labels.

        Args:
            what: what needs an encoder, for the message.

        Raises:
            UsageError: it is a decoder.
        """
        if self.architecture.decoder:
            raise UsageError(
                f"{what} needs an encoder, but `{self.name}` is a decoder (`{self.model_type}`): "
                "its tokens see only those before them",
                hint="`align` and `probe` stages of recipes can use a decoder",
            )

    def problems_of(self, method: str) -> list[str]:
        """Return the problems of a method on this backbone."""
        return check_method(method, self.hidden_size, self.layers, self.architecture.cannot)
