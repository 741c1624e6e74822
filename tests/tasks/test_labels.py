from __future__ import annotations

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.labels import is_labelled, require_labels


@pytest.mark.parametrize(
    ("labelled", "blanked"),
    [
        (PairExample("0", "a", "b", 0), PairExample("0", "a", "b", None)),
        (TaggingExample("0", ("a",), (0,)), TaggingExample("0", ("a",), None)),
        (QAExample("0", "q", "c", ((0, "c"),)), QAExample("0", "q", "c", None)),
        (ChoiceExample("0", "c", ("a", "b"), 0), ChoiceExample("0", "c", ("a", "b"), None)),
    ],
)
def test_is_labelled(labelled: Example, blanked: Example) -> None:
    assert is_labelled(labelled)
    assert not is_labelled(blanked)


def test_blanked_labels_are_refused_with_their_number() -> None:
    examples = [PairExample("0", "a", "b", 1), PairExample("1", "a", "b", None)]
    require_labels(get_task("xnli"), examples[:1], "de", "test")
    with pytest.raises(MissingDataError, match="1 of 2 test examples of `xnli` in language `de`"):
        require_labels(get_task("xnli"), examples, "de", "test")


@pytest.mark.parametrize(
    ("split", "labelled", "hint"),
    [
        ("test", ["dev"], "the labels of official test sets are withheld: use `split: dev`"),
        ("dev", ["train"], "or their labels were removed: use `split: train`"),
        ("dev", [], "no other split here has labels, so get the original files"),
        ("test", ["train", "dev"], "withheld: use `split: train` or `split: dev`"),
    ],
)
def test_the_hint_names_splits_that_have_labels(split: str, labelled: list[str], hint: str) -> None:
    with pytest.raises(MissingDataError) as error:
        require_labels(
            get_task("xnli"), [PairExample("1", "a", "b", None)], "de", split, lambda: labelled
        )
    assert hint in str(error.value.hint)
    assert f"use `split: {split}`" not in str(error.value.hint)
