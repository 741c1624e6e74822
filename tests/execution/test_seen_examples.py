"""Which examples were seen: the bit that comparisons leave them out by."""

from __future__ import annotations

from adapterxlt.stages.running.contamination import describe_overlap, hash_texts, seen_examples


def test_an_example_is_seen_if_one_of_its_texts_is() -> None:
    seen = {"mnli": hash_texts(["A cat!", "the dog"]), "squad": hash_texts(["birds"])}
    examples = [("a cat", "x"), ("y", "z"), ("y", " Birds. "), ("...",), ()]
    flags = seen_examples(examples, seen)
    assert flags is not None
    assert flags.tolist() == [True, False, True, False, False]
    texts = hash_texts(text for example in examples for text in example)
    assert describe_overlap(texts, seen) == "mnli 1 of 5 texts; squad 1 of 5 texts"


def test_nothing_is_kept_where_nothing_was_seen() -> None:
    seen = {"mnli": hash_texts(["a cat"])}
    assert seen_examples([("x",), ("...",)], seen) is None
    assert seen_examples([], seen) is None
    assert seen_examples([("a cat",)], {}) is None
    assert seen_examples([("...", "")], {"mnli": hash_texts(["..."])}) is None
