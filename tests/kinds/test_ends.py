"""Tokens around a text, whatever its tokenizer calls them."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from adapterxlt.errors import MissingBackboneError
from adapterxlt.kinds.ends import ends
from adapterxlt.kinds.facts import Limits
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample

WORDS = ["<unk>", "<bos>", "<eos>", "[CLS]", "[SEP]", "a", "b"]


def tokenizer(**special: str) -> PreTrainedTokenizerFast:
    words = {word: number for number, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", **special)


def test_cls_and_sep_come_first() -> None:
    every = {
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    assert ends(tokenizer(**every)) == (3, 4)


def test_a_tokenizer_of_a_language_model_is_read_by_every_kind() -> None:
    plain = tokenizer(bos_token="<bos>", eos_token="<eos>")
    limits = Limits(max_length=16, doc_stride=4)
    examples = {
        "mlm": TextExample("1", "a b"),
        "span_qa": QAExample("1", "a", "b", ()),
        "tagging": TaggingExample("1", ("a", "b"), None),
    }
    rows = {
        kind: get_kind(kind).workings.encode([example], plain, limits, None)[0].input_ids
        for kind, example in examples.items()
    }
    assert rows == {"mlm": [[1, 5, 6, 2]], "span_qa": [[1, 5, 2, 6, 2]], "tagging": [[1, 5, 6, 2]]}


def test_without_any_it_is_said() -> None:
    with pytest.raises(MissingBackboneError, match="no token to put behind a text"):
        ends(tokenizer(bos_token="<bos>"))
