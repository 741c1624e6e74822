from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.stages.running.contamination import (
    BACKBONE_TEXTS,
    are_among,
    describe_overlap,
    hash_texts,
    read_seen,
    write_seen,
)


def test_texts_seen_below_are_carried_up_and_counted_by_where(tmp_path: Path) -> None:
    below, above, backbone = tmp_path / "below", tmp_path / "above", tmp_path / "backbone"
    for folder in (below, above, backbone):
        folder.mkdir()
    write_seen(below, {"squad-0a": hash_texts(["The Normans came.", "Who came?"])}, [])
    write_seen(above, {"mnli-0b": hash_texts(["It rains."])}, [below])
    (backbone / BACKBONE_TEXTS).write_bytes(hash_texts(["Es regnet."]).tobytes())

    seen = read_seen(backbone, above)
    assert {name: hashes.size for name, hashes in seen.items()} == {
        "pretraining": 1,
        "mnli": 1,
        "squad": 2,
    }
    texts = hash_texts(["the  normans CAME", "es regnet", "Something else."])
    assert describe_overlap(texts, seen) == ("pretraining 1 of 3 texts; squad 1 of 3 texts")
    assert describe_overlap(hash_texts(["New."]), seen) == ""


def test_two_steps_of_one_task_are_one_source(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    write_seen(first, {"mnli-0a": hash_texts(["a b", "c d"])}, [])
    write_seen(second, {"mnli-0b": hash_texts(["c d", "e f"])}, [first])
    assert read_seen(None, second)["mnli"].size == 3


def test_nothing_seen(tmp_path: Path) -> None:
    write_seen(tmp_path, {}, [])
    assert read_seen(tmp_path, tmp_path) == {}


HASHES = st.lists(st.integers(0, 9) | st.just(2**64 - 1), max_size=12)


@given(HASHES, HASHES)
def test_hashes_are_looked_up_in_sorted_ones(some: list[int], known: list[int]) -> None:
    hashes, sorted_ones = np.array(some, dtype="<u8"), np.unique(np.array(known, dtype="<u8"))
    assert are_among(hashes, sorted_ones).tolist() == [one in known for one in some]


def test_a_backbones_hashes_may_be_in_any_order(tmp_path: Path) -> None:
    hashes = hash_texts(["a b", "c d", "e f"])
    (tmp_path / BACKBONE_TEXTS).write_bytes(hashes[::-1].tobytes())
    seen = read_seen(tmp_path, None)
    assert describe_overlap(hash_texts(["c d", "e f", "g"]), seen) == "pretraining 2 of 3 texts"
