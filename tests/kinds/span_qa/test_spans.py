from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from adapterxlt.bundled import bundled
from adapterxlt.kinds.span_qa.spans import answer_spans, answer_tokens, is_blank


def decoded(context: str, offsets: list[tuple[int, int]], answer: str) -> str:
    """The answer's own tokens, read back."""
    spans = answer_spans(context, offsets)
    found = answer_tokens(spans, context.index(answer), answer)
    assert found is not None
    return context[spans[found[0]][0] : spans[found[1]][1]]


@pytest.mark.parametrize(
    ("context", "offsets", "answer"),
    [
        ("Łódz\u0301 is", [(0, 4), (5, 8)], "Łódz\u0301"),
        ("e\u0302\u0301 x", [(0, 1), (3, 5)], "e\u0302\u0301"),  # two marks
        ("\u0e01\u0e33 x", [(0, 1), (2, 4)], "\u0e01\u0e33"),
        ("\u0643\u064e x", [(0, 1), (2, 4)], "\u0643\u064e"),
        ("\u1112\u1161\u11ab x", [(0, 1), (3, 5)], "\u1112\u1161\u11ab"),
        ("\u2764\ufe0f x", [(0, 1), (2, 4)], "\u2764\ufe0f"),
        ("a\u200d\u0915 x", [(0, 1), (2, 3), (3, 5)], "a\u200d"),
        ("ref[1]\u200b then", [(0, 6), (7, 12)], "ref[1]\u200b"),
        # The blank that a zero-width character became is counted to the word behind it.
        ("[12]\u200bMark x", [(0, 4), (4, 9), (9, 11)], "Mark"),
        ("[12]\u200bMark x", [(0, 4), (4, 9), (9, 11)], "[12]\u200b"),
        ("a \u200bfoo b", [(0, 1), (2, 6), (6, 8)], "\u200bfoo"),
        ("\u200bfoo b", [(1, 4), (4, 6)], "\u200bfoo"),
        ("\ufefffoo b", [(0, 4), (4, 6)], "foo"),
        ("a\u00a0b\u3000c", [(0, 1), (1, 3), (3, 5)], "b"),
        # A mark that has a token of its own is that token's.
        ("\u0627\u064e\u0644", [(0, 1), (1, 2), (2, 3)], "\u0627"),
    ],
)
def test_an_answer_is_read_back_as_it_is(
    context: str, offsets: list[tuple[int, int]], answer: str
) -> None:
    assert decoded(context, offsets, answer) == answer


def test_an_answer_does_not_begin_with_the_end_of_the_token_before() -> None:
    context, answer = "foo\u200e; bar", "\u200e; bar"
    assert decoded(context, [(0, 3), (3, 5), (5, 9)], answer) == "; bar"


def test_a_token_of_white_space_neither_begins_nor_ends_an_answer() -> None:
    spans = answer_spans("old \u00a0man ", [(0, 3), (3, 4), (4, 5), (5, 8), (8, 9)])
    assert spans == [(0, 3), (5, 3), (5, 3), (5, 8), (9, 8)]
    assert answer_tokens(spans, 3, "  man") == (3, 3)
    assert answer_tokens(spans, 0, "old ") == (0, 0)
    assert answer_tokens(spans, 3, " ") is None


CHARACTERS = st.sampled_from(
    "ab \u00a0\u0301\u0323\u200b\u200d\ufe0f\u0e33\u0627\u064e\ufeff\n\u1161"
)


@given(st.data(), st.text(CHARACTERS, max_size=20))
def test_spans_have_no_blank_ends_and_lose_no_visible_character(
    data: st.DataObject, context: str
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(context)), max_size=8)) | {len(context)})
    offsets = list(zip([0, *cuts], cuts, strict=False))
    offsets = [span for span in offsets if data.draw(st.booleans()) or not data.draw(st.booleans())]
    spans = answer_spans(context, offsets)
    for start, end in spans:
        if start < end:
            assert not is_blank(context[start])
            assert not is_blank(context[end - 1])
    inside = [span for span in spans if span[0] < span[1]]
    reached = {place for start, end in inside for place in range(start, end)}
    kept = [any(a <= place < b for a, b in offsets) for place in range(len(context))]
    for place, character in enumerate(context):
        if kept[place] and unicodedata.category(character)[0] == "L":
            assert place in reached


def converted(form: str, context: str, start: int, text: str) -> tuple[str, int, str]:
    """Context and answer in a normal form, the start moved along."""
    before = unicodedata.normalize(form, context[:start])
    context, text = (unicodedata.normalize(form, each) for each in (context, text))
    return context, len(before), text


def golds(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Some answers of every file: each script of XQuAD, MLQA and TyDiQA."""
    patterns = ("xquad/*.json", "mlqa/MLQA_V1/dev/*.json", "tydiqa/*-dev/*.json", "squad/*v1*.json")
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        document = json.loads(path.read_text(encoding="utf-8"))
        paragraphs = [each for article in document["data"] for each in article["paragraphs"]]
        for paragraph in paragraphs[:: max(1, len(paragraphs) // 12)]:
            for question in paragraph["qas"][:3]:
                for answer in question["answers"][:1]:
                    if answer["text"]:
                        yield paragraph["context"], answer["answer_start"], answer["text"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_golds_of_all_scripts_are_read_back(real_data: Path, form: str) -> None:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        bundled("artifacts/backbones/mini")
    )
    equal = inside = 0
    invisible = "\u200b\u200e\u200f\ufeff"
    for gold in golds(real_data):
        context, start, text = converted(form, *gold)
        assert context[start : start + len(text)] == text
        encoded = tokenizer(
            context, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        spans = answer_spans(context, encoded["offset_mapping"])
        found = answer_tokens(spans, start, text)
        assert found is not None
        left, right = spans[found[0]][0], spans[found[1]][1]
        read, end = context[left:right], start + len(text)
        if any(a < edge < b for a, b in spans for edge in (start, end)):
            assert text.strip() in read  # the answer ends within a token
            inside += 1
        else:
            assert read == text.lstrip(invisible).strip()
            equal += 1
    assert equal > 500
    assert inside < equal / 20
