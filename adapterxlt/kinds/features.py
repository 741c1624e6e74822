"""Features of examples: token ids, a label, and the way from tokens back to text."""

from __future__ import annotations

from dataclasses import dataclass, field

IGNORED = -100  # label of tokens that carry none (the convention of torch's cross entropy)

Label = int | float | tuple[int, int] | list[int]


@dataclass(slots=True)
class Feature:
    """One model input.

    Args:
        example: index of the example it comes from (a long example has several features).
        input_ids: one row of token ids; for multiple choice one row a choice.
        label: what the loss is computed from, in the form of its kind; None when encoded without
            labels. For masked language modelling see `kinds.mlm.masking`.
        word_positions: tagging only: (word index, index of the token that carries its tag
            in this window: its first one that is not a bare word mark).
        offsets: span QA only: characters (start, end) of the context that a token stands for, see
            `answer_spans`; None for tokens that are not of the context.
    """

    example: int
    input_ids: list[list[int]]
    label: Label | None = None
    word_positions: list[tuple[int, int]] = field(default_factory=list)
    offsets: list[tuple[int, int] | None] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Real tokens, over all rows."""
        return sum(map(len, self.input_ids))

    @property
    def width(self) -> int:
        """Tokens it takes when its rows are padded to the longest: what a batch is formed by."""
        return len(self.input_ids) * max(map(len, self.input_ids))
