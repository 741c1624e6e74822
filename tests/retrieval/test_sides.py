from __future__ import annotations

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.retrieval.sides import Sides, aligned, from_mining, read_row_gold

MINING = MiningSet(
    language="xx",
    source_ids=("a", "b", "c"),
    source=("one", "two", "one"),
    target_ids=("A", "B"),
    target=("eins", "zwei"),
    gold=frozenset({("c", "A"), ("b", "B")}),
)


def test_repeated_texts_share_a_row_and_gold_counts_sentences():
    assert from_mining(MINING, "the set") == Sides([0, 1, 0], [0, 1], frozenset({(2, 0), (1, 1)}))


@pytest.mark.parametrize("gold", [("a", "Z"), ("z", "A")])
def test_gold_that_names_nothing(gold):
    mining = MiningSet("xx", ("a",), ("one",), ("A",), ("eins",), frozenset({gold}))
    with pytest.raises(
        MissingDataError, match=f"here: the gold pair `{gold[0]}` `{gold[1]}` names"
    ):
        from_mining(mining, "here")


def test_unequal_sides_are_not_aligned():
    assert aligned(2, 2) == Sides(range(2), range(2), None)
    with pytest.raises(MissingDataError, match="2 source and 3 target sentences"):
        aligned(2, 3)


def test_gold_by_line_numbers(tmp_path):
    path = tmp_path / "gold"
    path.write_text("1\t2\n3\t1\n")
    assert read_row_gold(path, 3, 2) == {(0, 1), (2, 0)}
    for text, message in (
        ("1 2\n", "gold:1: not a pair of line numbers"),
        ("1\t2\n0\t1\n", "gold:2: there are 3 source"),
        ("1\t2\n1\t2\n", "gold:2: this pair occurs twice"),
    ):
        path.write_text(text)
        with pytest.raises(MissingDataError, match=message):
            read_row_gold(path, 3, 2)
