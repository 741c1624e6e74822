"""Examples -> features: token ids, labels, and what is needed to get from tokens back to text.

Input layouts are the tokenizer's: XLM-R's pairs are `<s> a </s></s> b </s>`, BERT's `[CLS] a [SEP]
b [SEP]`. Nothing is padded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from transformers import PreTrainedTokenizerBase

from adapterxlt.batching.spans import answer_spans, answer_tokens
from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.tasks.types import (
    ChoiceExample,
    Example,
    Kind,
    PairExample,
    QAExample,
    TaggingExample,
    TextExample,
)

IGNORED = -100  # label of tokens that carry none (the convention of torch's cross entropy)
QUESTION_TOKENS = 64  # longest question kept, `max_query_length` of Google's run_squad.py
CONTEXT_SHARE = 4  # a follow-up window of a long sentence repeats up to 1/4 of the one before

Label = int | tuple[int, int] | list[int]


@dataclass(slots=True)
class Feature:
    """One model input.

    Args:
        example: index of the example it comes from (a long example has several features).
        input_ids: one row of token ids; for multiple choice one row a choice.
        label: class or choice index; for tagging one tag (or -100) a token; for span QA the
            (first, last) token of the answer, (0, 0) where this window does not hold it; None
            when encoded without labels. For masked language modelling see `masking`.
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


def encode(
    examples: Sequence[Example],
    tokenizer: PreTrainedTokenizerBase,
    kind: Kind,
    *,
    max_length: int,
    doc_stride: int,
    labelled: bool,
) -> list[Feature]:
    """Encode examples of one kind, in order.

    Args:
        examples: examples of the type that belongs to `kind`.
        tokenizer: a fast tokenizer that puts texts between special tokens.
        kind: one of the trainable kinds.
        max_length: tokens a row at most, special tokens included. Longer pairs are cut (the
            longer text first), longer sentences and contexts are spread over several features.
        doc_stride: tokens that neighbouring windows of a long QA context share.
        labelled: whether to encode the labels too.

    Raises:
        MissingDataError: `labelled`, and an example has no label.
        AdapterXLTError: `max_length` is more than the model can take.
    """
    if max_length > tokenizer.model_max_length:
        raise AdapterXLTError(
            f"max_length {max_length} is more than the backbone's {tokenizer.model_max_length} "
            "positions",
            hint="lower max_length",
        )
    if not examples:
        return []
    if kind == "pair_classification":
        return _pairs(cast(Sequence[PairExample], examples), tokenizer, max_length, labelled)
    if kind == "tagging":
        return _tagging(cast(Sequence[TaggingExample], examples), tokenizer, max_length, labelled)
    if kind == "span_qa":
        questions = cast(Sequence[QAExample], examples)
        return _span_qa(questions, tokenizer, max_length, doc_stride, labelled)
    if kind == "multiple_choice":
        choices = cast(Sequence[ChoiceExample], examples)
        return _multiple_choice(choices, tokenizer, max_length, labelled)
    if kind == "mlm":
        return _texts(cast(Sequence[TextExample], examples), tokenizer, max_length)
    raise ValueError(f"examples of kind `{kind}` are not encoded for training or prediction")


def _missing_label(example: Example) -> MissingDataError:
    return MissingDataError(
        f"example `{example.id}` has no label, so it cannot be trained on",
        hint="choose a split whose labels are published",
    )


def _pair_ids(
    tokenizer: PreTrainedTokenizerBase, first: list[str], second: list[str], max_length: int
) -> list[list[int]]:
    encoded = tokenizer(
        first,
        second,
        truncation="longest_first",
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    return cast(list[list[int]], encoded["input_ids"])


def _pairs(
    examples: Sequence[PairExample],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    labelled: bool,
) -> list[Feature]:
    first = [example.text_a for example in examples]
    second = [example.text_b for example in examples]
    features = []
    for index, ids in enumerate(_pair_ids(tokenizer, first, second, max_length)):
        label = examples[index].label if labelled else None
        if labelled and label is None:
            raise _missing_label(examples[index])
        features.append(Feature(index, [ids], label))
    return features


def _multiple_choice(
    examples: Sequence[ChoiceExample],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    labelled: bool,
) -> list[Feature]:
    first = [example.context for example in examples for _ in example.choices]
    second = [choice for example in examples for choice in example.choices]
    rows = iter(_pair_ids(tokenizer, first, second, max_length))
    features = []
    for index, example in enumerate(examples):
        if labelled and example.label is None:
            raise _missing_label(example)
        ids = [next(rows) for _ in example.choices]
        features.append(Feature(index, ids, example.label if labelled else None))
    return features


WORD_MARK = "▁"  # what SentencePiece puts where a word begins


def _word_ids(words: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Subwords of each distinct word, encoded on its own as XTREME's scripts do.

    A word that the tokenizer's normaliser deletes altogether becomes `<unk>`, so that every
    word has a token to carry its tag.
    """
    distinct = sorted(set(words))
    # Not verbose: what is too long for the model is cut.
    encoded = tokenizer(
        distinct, add_special_tokens=False, return_attention_mask=False, verbose=False
    )
    unknown = [cast(int, tokenizer.unk_token_id)]
    return {
        word: ids or unknown
        for word, ids in zip(distinct, cast(list[list[int]], encoded["input_ids"]), strict=True)
    }


def _tagging(
    examples: Sequence[TaggingExample],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    labelled: bool,
) -> list[Feature]:
    room = max_length - 2
    bare = tokenizer.convert_tokens_to_ids(WORD_MARK)
    bare = None if bare == tokenizer.unk_token_id else bare  # WordPiece has none
    subwords = _word_ids((word for example in examples for word in example.words), tokenizer)
    features = []
    for index, example in enumerate(examples):
        if labelled and example.tags is None:
            raise _missing_label(example)
        # A single word longer than a whole window loses its tail; its first token stays.
        words = [subwords[word][:room] for word in example.words]
        for first, start, end in _word_windows([len(ids) for ids in words], room):
            row = [cast(int, tokenizer.cls_token_id)]
            positions = []
            for word in range(first, end):
                if word >= start:
                    # A bare word mark (most Chinese words begin with one) says nothing.
                    skip = len(words[word]) > 1 and words[word][0] == bare
                    positions.append((word, len(row) + skip))
                row.extend(words[word])
            row.append(cast(int, tokenizer.sep_token_id))
            label = None
            if labelled and example.tags is not None:
                label = [IGNORED] * len(row)
                for word, token in positions:
                    label[token] = example.tags[word]
            features.append(Feature(index, [row], label, word_positions=positions))
    return features


def _word_windows(lengths: Sequence[int], room: int) -> list[tuple[int, int, int]]:
    """Cut a sentence into windows of at most `room` tokens, never inside a word.

    Returns (first, start, end) a window: it shows the words first..end-1 and owns the words
    start..end-1; those before `start` are repeated from the window before, as context.
    """
    windows = []
    first = start = used = 0
    for word, length in enumerate(lengths):
        if used + length > room:
            windows.append((first, start, word))
            first = start = word
            used = length
            while first > 0 and used - length + lengths[first - 1] <= room // CONTEXT_SHARE:
                if used + lengths[first - 1] > room:
                    break
                first -= 1
                used += lengths[first]
        else:
            used += length
    windows.append((first, start, len(lengths)))
    return windows


def _span_qa(
    examples: Sequence[QAExample],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    doc_stride: int,
    labelled: bool,
) -> list[Feature]:
    cls, sep = cast(int, tokenizer.cls_token_id), cast(int, tokenizer.sep_token_id)
    between = [sep] * (tokenizer.num_special_tokens_to_add(pair=True) - 2)
    # Not verbose: what is too long for the model is cut into windows.
    plain = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
    questions = tokenizer([example.question for example in examples], **plain)["input_ids"]
    contexts = sorted({example.context for example in examples})  # asked about several times
    encoded = tokenizer(contexts, return_offsets_mapping=True, **plain)
    row_of = {context: row for row, context in enumerate(contexts)}
    features = []
    for index, example in enumerate(examples):
        if labelled and example.answers is None:
            raise _missing_label(example)
        row = row_of[example.context]
        ids = encoded["input_ids"][row]
        spans = answer_spans(example.context, encoded["offset_mapping"][row])
        question = questions[index][: min(QUESTION_TOKENS, max_length // 2 - 2)]
        head = [cls, *question, *between]
        room = max_length - len(head) - 1
        answer = answer_tokens(spans, *example.answers[0]) if example.answers else None
        for start, end in _context_windows(len(ids), room, doc_stride):
            label = None
            if labelled:
                label = (0, 0)
                if answer and start <= answer[0] and answer[1] < end:
                    shift = len(head) - start
                    label = (answer[0] + shift, answer[1] + shift)
            offsets = [*[None] * len(head), *spans[start:end], None]
            window = [*head, *ids[start:end], sep]
            features.append(Feature(index, [window], label, offsets=offsets))
    return features


def _texts(
    examples: Sequence[TextExample], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[Feature]:
    """A line is an input of its own; a long one is cut into windows of equal length."""
    cls, sep = cast(int, tokenizer.cls_token_id), cast(int, tokenizer.sep_token_id)
    encoded = tokenizer(
        [example.text for example in examples],
        add_special_tokens=False,
        return_attention_mask=False,
        verbose=False,
    )
    room = max_length - 2
    features = []
    for index, ids in enumerate(cast(list[list[int]], encoded["input_ids"])):
        size = -(-len(ids) // max(1, -(-len(ids) // room)))
        for start in range(0, len(ids), max(1, size)):
            features.append(Feature(index, [[cls, *ids[start : start + size], sep]]))
    return features


def _context_windows(length: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Windows of `room` tokens, neighbours sharing `overlap` (at most half of a window)."""
    step = room - min(overlap, room // 2)
    windows = [(0, min(room, length))]
    while windows[-1][1] < length:
        start = windows[-1][0] + step
        windows.append((start, min(start + room, length)))
    return windows
