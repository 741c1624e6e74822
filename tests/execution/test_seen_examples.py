"""Which examples were seen: the bit that comparisons leave them out by."""

from __future__ import annotations

import tracemalloc

from adapterxlt.stages.running.contamination import describe_overlap, hash_texts, seen_examples


def test_an_example_is_seen_if_one_of_its_texts_is() -> None:
    seen = {"mnli": hash_texts(["A cat!", "the dog"]), "squad": hash_texts(["birds"])}
    examples = [("a cat", "x"), ("y", "z"), ("y", " Birds. "), ("...",), ()]
    flags = seen_examples(examples, seen)
    assert flags is not None
    assert flags.tolist() == [True, False, True, False, False]
    texts = hash_texts(text for example in examples for text in example)
    assert describe_overlap(texts, seen) == "mnli 1 of 5 texts; squad 1 of 5 texts"


def test_a_long_text_costs_no_more_than_its_length() -> None:
    long = "word " * 40_000
    examples = [(str(number),) for number in range(2_000)] + [(long,)]
    tracemalloc.start()
    flags = seen_examples(examples, {"mnli": hash_texts([long])})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert flags is not None
    assert flags.nonzero()[0].tolist() == [2_000]
    assert most < 50 * len(long)  # an array as wide as the longest text takes 8,000 times as much


def test_nothing_is_kept_where_nothing_was_seen() -> None:
    seen = {"mnli": hash_texts(["a cat"])}
    assert seen_examples([("x",), ("...",)], seen) is None
    assert seen_examples([], seen) is None
    assert seen_examples([("a cat",)], {}) is None
    assert seen_examples([("...", "")], {"mnli": hash_texts(["..."])}) is None
