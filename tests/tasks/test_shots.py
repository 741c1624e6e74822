"""Shots: so many of a class, the same whatever the order of a file, no text twice."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.shots import draw_shots

XNLI, PANX = get_task("xnli"), get_task("panx")
PAIRS = [PairExample(str(n), f"Premise {n}", f"Hypothesis {n}", n % 3) for n in range(60)]


def draw(examples: list[PairExample], count: int, seed: int = 1) -> list[str]:
    return [example.id for example in draw_shots(XNLI, examples, count, seed, "in `sw` (dev)")]


@given(st.randoms(use_true_random=False), st.integers(1, 20), st.integers(0, 5))
def test_the_order_of_a_file_changes_nothing(order: random.Random, count: int, seed: int) -> None:
    mixed = list(PAIRS)
    order.shuffle(mixed)
    chosen = draw(mixed, count, seed)
    assert chosen == draw(PAIRS, count, seed)
    assert Counter(int(name) % 3 for name in chosen) == dict.fromkeys(range(3), count)


def test_one_class_depends_on_nothing_of_another() -> None:
    fewer = [pair for pair in PAIRS if pair.label != 1 or int(pair.id) > 20]
    of_two = [name for name in draw(PAIRS, 5) if int(name) % 3 != 1]
    assert [name for name in draw(fewer, 5) if int(name) % 3 != 1] == of_two


def test_fewer_shots_are_among_more_and_seeds_differ() -> None:
    assert set(draw(PAIRS, 3)) < set(draw(PAIRS, 6))
    assert draw(PAIRS, 6, seed=1) != draw(PAIRS, 6, seed=2)


def test_a_text_comes_once_and_one_of_two_classes_never() -> None:
    again = [PairExample(f"again-{n}", f" premise {n}! ", f"hypothesis {n}", n % 3) for n in (0, 1)]
    torn = [PairExample("torn", "Premise 2", "Hypothesis 2", 0)]
    chosen = draw_shots(XNLI, [*PAIRS[:12], *again, *torn], 3, 1, "")
    assert len({(pair.text_a, pair.text_b) for pair in chosen}) == 9
    assert not {"again-0", "again-1", "torn", "2"} & {pair.id for pair in chosen}


def test_too_few_of_a_class() -> None:
    few = [*PAIRS[:9], *(PairExample(f"x{n}", "Premise 1", "Hypothesis 1", 1) for n in range(5))]
    with pytest.raises(MissingDataError) as caught:
        draw(few, 4)
    assert caught.value.message == (
        "`xnli` has only 3 distinct examples of class `entailment` in `sw` (dev), fewer than 4 "
        "shots"
    )
    assert caught.value.hint == "use `shots: 3` or less"


def test_sentences_have_no_class() -> None:
    examples = [TaggingExample(str(n), (f"Name{n}", "runs"), (1, 0)) for n in range(8)]
    chosen = draw_shots(PANX, [*examples, examples[0]], 8, 3, "")
    assert sorted(example.id for example in chosen) == [str(n) for n in range(8)]
    with pytest.raises(MissingDataError, match="`panx` has only 8 distinct examples in sw"):
        draw_shots(PANX, [*examples, examples[0]], 9, 3, "in sw")
