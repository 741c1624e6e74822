from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.outcomes import (
    OUTCOMES_NAME,
    Outcomes,
    ids_of,
    read_outcomes,
    write_outcomes,
)


def block(language: str, ids: list[str], **columns: list[object]) -> Outcomes:
    arrays = {name: np.array(values) for name, values in columns.items()}
    return Outcomes(language, "dev", ids_of(ids), arrays, parallel=True, labels=("a", "b"))


def same(one: Outcomes, other: Outcomes) -> bool:
    facts = ("language", "split", "layer", "pooling", "parallel", "labels")
    return (
        all(getattr(one, name) == getattr(other, name) for name in facts)
        and one.ids.tolist() == other.ids.tolist()
        and one.columns.keys() == other.columns.keys()
        and all(np.array_equal(one.columns[name], other.columns[name]) for name in one.columns)
    )


IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))


@given(IDS, IDS)
def test_outcomes_are_read_as_they_were(one: list[str], other: list[str]) -> None:
    import tempfile

    blocks = [
        block("de", one, exact=[n % 2 == 0 for n in range(len(one))], f1=[0.1] * len(one)),
        block("sw", other, away=list(range(0, -3 * len(other), -3))),
        block("th", ["0", "1", "2"], gold=[[True, False]] * 3, n=[70000, 0, 1]),
        block("ur", ["7", "3"], n=[-1, 2**40]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_outcomes(Path(folder), blocks)
        found = read_outcomes(Path(folder))
    assert found is not None
    assert all(map(same, blocks, found))


def test_ids_that_occur_twice_are_told_apart() -> None:
    assert ids_of(["3", "7"]).tolist() == [3, 7]
    assert ids_of(["3", "07"]).tolist() == ["3", "07"]
    assert ids_of(["q", "q", "p", "q"]).tolist() == ["q", "q#2", "p", "q#3"]


def test_an_outcome_takes_less_than_ten_bytes(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    names = [draw.bytes(12).hex() for _ in range(5_000)]
    write_outcomes(
        tmp_path,
        [
            Outcomes(
                str(n),
                "test",
                np.array(names),
                {"exact": draw.random(5_000) < 0.6, "f1": draw.integers(0, 20, 5_000) / 19},
            )
            for n in range(20)
        ],
    )
    first = (tmp_path / OUTCOMES_NAME).read_bytes()
    assert len(first) < 10 * 20 * 5_000
    found = read_outcomes(tmp_path)
    assert found is not None
    write_outcomes(tmp_path, found)
    assert (tmp_path / OUTCOMES_NAME).read_bytes() == first


def archive(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def index(**changes: object) -> np.ndarray:
    one = {
        "language": "de", "split": "dev", "layer": None, "pooling": None, "parallel": False,
        "count": 2, "ids": "rows", "columns": ["x"],
    }  # fmt: skip
    document = {"schema": 1, "labels": [], "names": ["a"], "blocks": [one | changes]}
    return np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)


def bomb() -> bytes:
    file = io.BytesIO(archive(index=index()))
    with zipfile.ZipFile(file, "a") as zipped:
        zipped.writestr("x.npy", b"")
        zipped.getinfo("x.npy").file_size = 1 << 33
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a zip file"),
        (archive(), "index"),
        (archive(index=np.array(["{"])), "Expecting"),
        (archive(index=index()), "column.x"),
        (
            archive(index=index(), **{"column.x": np.array([1])}),
            "does not match the index",
        ),
        (archive(index=index(count=-2), **{"column.x": np.ones(9)}), "impossible count"),
        (archive(index=index(count=1 << 31, columns=[])), "impossible count"),
        (
            archive(index=index(ids="numbers"), ids=np.ones((2, 2)), **{"column.x": np.ones(2)}),
            "`ids` does not match the index",
        ),
        (
            archive(index=index(columns=["rank"]), **{"column.rank": np.array([0, 1])}),
            "`column.rank` holds 0, not ranks from 1",
        ),
        (
            archive(index=index(columns=["seen"]), **{"column.seen": np.array([0, 9])}),
            "`column.seen` does not hold yes or no",
        ),
        (archive(index=index(), **{"column.x": np.array([1, np.nan])}), "not finite numbers"),
        (archive(index=index(), **{"column.x": np.array(["a", "b"])}), "does not hold"),
        (archive(index=index(), **{"column.x": np.array([{}, 1])}), "Object arrays"),
        (
            archive(index=index(ids="names"), ids=np.array([0, 7]), **{"column.x": np.ones(2)}),
            "ids without a name",
        ),
        (bomb(), "exceeds the limit of 4 GiB"),
    ],
    # Archives hold the time, and processes that share tests must give them the same names.
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_a_file_that_holds_no_outcomes_is_refused(
    content: bytes, problem: str, tmp_path: Path
) -> None:
    (tmp_path / OUTCOMES_NAME).write_bytes(content)
    with pytest.raises(InvalidArtifactError, match="does not hold valid outcomes") as told:
        read_outcomes(tmp_path)
    assert problem in str(told.value)


def test_a_cell_of_before_has_none(tmp_path: Path) -> None:
    assert read_outcomes(tmp_path) is None
