from __future__ import annotations

import os
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from adapterxlt.batching import cache
from adapterxlt.batching.cache import encode_cached
from adapterxlt.batching.encode import encode
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample

LONG = " ".join(["The old man walked slowly to the market and bought some bread."] * 4)
EXAMPLES: dict[str, list[Example]] = {
    "pair_classification": [PairExample("a", "One.", "Two.", 1), PairExample("b", "", LONG, 0)],
    "multiple_choice": [
        ChoiceExample("a", "One.", ("x", "y z"), 1),
        ChoiceExample("b", "Two.", ("x", "y", "z"), 0),
    ],
    "tagging": [TaggingExample("a", tuple(LONG.split()), tuple(range(len(LONG.split()))))],
    "span_qa": [QAExample("a", "Who?", LONG, ((8, "man"),)), QAExample("b", "Who?", "x", ())],
}


def run(
    folder: Path | None, tokenizer: PreTrainedTokenizerBase, kind: str, **change: object
) -> list[Feature]:
    settings = {"max_length": 32, "doc_stride": 8, "labelled": True, **change}
    return encode_cached(folder, EXAMPLES[kind], tokenizer, kind, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(EXAMPLES))
@pytest.mark.parametrize("labelled", [True, False])
def test_what_is_kept_is_what_was_encoded(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, kind: str, labelled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    expected = encode(
        EXAMPLES[kind], tokenizer, kind, max_length=32, doc_stride=8, labelled=labelled
    )
    assert run(tmp_path, tokenizer, kind, labelled=labelled) == expected
    monkeypatch.setattr(cache, "encode", None)  # cannot be called any more
    assert run(tmp_path, tokenizer, kind, labelled=labelled) == expected
    assert len(list(tmp_path.iterdir())) == 1


def test_every_setting_and_every_text_counts(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for change in ({}, {"max_length": 24}, {"doc_stride": 4}, {"labelled": False}):
        run(tmp_path, tokenizer, "span_qa", **change)
    assert len(list(tmp_path.iterdir())) == 4
    other = [QAExample("a", "Who?", LONG, ((4, "old"),)), EXAMPLES["span_qa"][1]]
    monkeypatch.setitem(EXAMPLES, "span_qa", other)
    run(tmp_path, tokenizer, "span_qa")
    assert len(list(tmp_path.iterdir())) == 5


def test_a_damaged_file_is_made_anew_with_the_same_bytes(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    expected = run(tmp_path, tokenizer, "tagging")
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole.replace(b"\x02\x00", b"\x03\x00")):
        path.write_bytes(damaged)
        assert run(tmp_path, tokenizer, "tagging") == expected
        assert path.read_bytes() == whole


def test_the_longest_unused_goes_when_there_is_no_room(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, tokenizer, "tagging")
    (oldest,) = tmp_path.iterdir()
    os.utime(oldest, (1, 1))
    run(tmp_path, tokenizer, "tagging", max_length=24)
    monkeypatch.setattr(cache, "LIMIT_BYTES", 2 * oldest.stat().st_size + 1000)
    run(tmp_path, tokenizer, "tagging", max_length=16)
    assert not oldest.exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_time_only(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file", tokenizer, "tagging") == run(None, tokenizer, "tagging")
