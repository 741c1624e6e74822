from __future__ import annotations

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.labels import is_labelled, require_labels
from adapterxlt.tasks.types import ChoiceExample, Example, PairExample, QAExample, TaggingExample


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
