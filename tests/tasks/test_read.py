from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_bitext, read_examples, read_mining, sample

from .conftest import Write


def test_cap_takes_the_first(write: Write, tmp_path: Path) -> None:
    write("xnli/dev-de.tsv", "".join(f"a{n}\tb\tneutral\n" for n in range(5)))
    task = get_task("xnli")
    capped = read_examples(task, [tmp_path], "de", "dev", cap=2)
    assert [example.text_a for example in capped] == ["a0", "a1"]  # type: ignore[union-attr]
    assert len(read_examples(task, [tmp_path], "de", "dev", cap=9)) == 5


def test_an_empty_file(write: Write, tmp_path: Path) -> None:
    path = write("xnli/dev-de.tsv", "")
    with pytest.raises(MissingDataError, match="the file is empty") as caught:
        read_examples(get_task("xnli"), [tmp_path], "de", "dev")
    assert str(path) in caught.value.message


def test_tasks_of_other_kinds(write: Write, tmp_path: Path) -> None:
    write("xnli/dev-de.tsv", "a\tb\tneutral\n")
    write("bucc2018/de-en.dev.de", "de-1\ta\n")
    write("bucc2018/de-en.dev.en", "en-1\ta\n")
    with pytest.raises(UsageError, match="`bucc2018` is a task of bitext mining"):
        read_examples(get_task("bucc2018"), [tmp_path], "de", "dev")
    with pytest.raises(UsageError, match="`bucc2018` is a task of bitext mining"):
        read_bitext(get_task("bucc2018"), [tmp_path], "de", "dev")
    with pytest.raises(UsageError, match="`xnli` is a task of pair classification"):
        read_mining(get_task("xnli"), [tmp_path], "de", "dev")


def test_xnli_trains_on_mnli(write: Write, tmp_path: Path) -> None:
    write("xnli/train-en.tsv", "a\tb\tcontradictory\n")
    assert read_examples(get_task("xnli"), [tmp_path], "en", "train") == read_examples(
        get_task("mnli"), [tmp_path], "en", "train"
    )


@given(st.integers(0, 50), st.integers(0, 60) | st.none(), st.integers(0, 2**32))
def test_sample(size: int, cap: int | None, seed: int) -> None:
    examples = list(range(size))
    drawn = sample(examples, cap, seed)
    assert len(drawn) == (size if cap is None else min(size, cap))
    assert drawn == sorted(set(drawn))
    assert drawn == sample(examples, cap, seed)


def test_samples_differ_by_seed_and_are_the_same_everywhere() -> None:
    assert sample(range(1000), 5, 1) == [137, 582, 782, 821, 867]
    assert sample(range(1000), 5, 2) != sample(range(1000), 5, 1)
