from __future__ import annotations

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.retrieval.mining_sets import (
    Shares,
    build_mining_set,
    split_bitext,
    write_mining_set,
)
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_mining

BITEXT = Bitext(
    "de",
    tuple(f"Satz {i}" for i in range(100)),
    (*(f"sentence {i}" for i in range(98)), "sentence 3", " "),
)


def test_gold_pairs_are_translations_and_distractors_have_none():
    mining = build_mining_set(BITEXT, seed=1)
    source = dict(zip(mining.source_ids, mining.source, strict=True))
    target = dict(zip(mining.target_ids, mining.target, strict=True))
    assert (len(source), len(target), len(mining.gold)) == (49, 58, 10)
    number = lambda text: int(text.split()[1])  # noqa: E731
    pairs = {(number(source[left]), number(target[right])) for left, right in mining.gold}
    assert all(left == right for left, right in pairs)
    shared = {number(t) for t in source.values()} & {number(t) for t in target.values()}
    assert shared == {left for left, _ in pairs}
    # Lines 3 and 98 share their English text, line 99 has none.
    assert not {3, 98, 99} & {number(text) for text in [*source.values(), *target.values()]}


def test_seeds():
    assert build_mining_set(BITEXT, seed=1) == build_mining_set(BITEXT, seed=1)
    assert build_mining_set(BITEXT, seed=1) != build_mining_set(BITEXT, seed=2)


def test_dev_and_test_share_no_line_and_the_reader_reads_them(tmp_path):
    halves = split_bitext(BITEXT, seed=0)
    assert not set(halves[0].source) & set(halves[1].source)
    for half, split in zip(halves, ("dev", "test"), strict=True):
        mining = build_mining_set(half, seed=3)
        write_mining_set(mining, tmp_path, split)
        assert read_mining(get_task("bucc2018"), [tmp_path], "de", split) == mining


def test_bad_requests():
    with pytest.raises(UsageError, match="shares of a mining set"):
        build_mining_set(BITEXT, seed=0, shares=Shares(0.5, 0.5, 0.5))
    with pytest.raises(UsageError, match="no gold pair"):
        build_mining_set(Bitext("de", ("a",), ("b",)), seed=0)
