"""Which versions of a recipe are one another's, and when nothing is lost."""

from __future__ import annotations

import dataclasses
from typing import Any

from adapterxlt.results.versions import by_version, contained, families, same_but_seed
from tests.report.rows import row


def raw(model: str, value: float, **changes: Any) -> dict[str, object]:
    return dataclasses.replace(row(model, "de", value), **changes).as_dict()


def test_a_version_is_a_name_and_an_id() -> None:
    rows = [raw("a", 1), raw("b", 2, recipe_id="1"), raw("c", 3), raw("d", 4, recipe="r")]
    del rows[2]["recipe_id"]  # as it was written before there were any
    assert [
        (key, [each["model"] for each in found]) for key, found in by_version(rows).items()
    ] == [
        (("test", ""), ["a", "c"]),
        (("test", "1"), ["b"]),
        (("r", ""), ["d"]),
    ]


def test_rows_of_before_are_contained_in_the_same_measured_again() -> None:
    new = [raw("a", 1, recipe_id="1", cell="c", setup="s"), raw("b", 2, recipe_id="1", cell="d")]
    assert contained([raw("a", 1)], new)
    assert contained([raw("a", 1, baseline="b", lineage="in other words")], new)
    assert not contained([raw("a", 1), raw("a", 2)], new)
    assert not contained([raw("a", 1, caps="")], new)


def test_equal_values_of_another_measurement_are_not_contained() -> None:
    new = [raw("a", 1, cell="c")]
    assert contained([raw("a", 1, cell="c")], new)
    assert not contained([raw("a", 1, cell="d")], new)


def test_the_same_measured_by_a_later_version_is_contained() -> None:
    new = [raw("a", 1, cell="c", setup="s")]
    assert contained([raw("a", 1, cell="d", setup="s")], new)
    assert not contained([raw("a", 1, cell="d", setup="t")], new)
    assert not contained([raw("a", 2, cell="d", setup="s")], new)


def test_seeds_are_one_family_and_other_contents_another() -> None:
    one = [raw("a", 1, setup="x"), raw("b", 1, setup="y")]
    two = [raw("a", 2, setup="x", seed=2)]  # not finished
    other = [raw("a", 1, setup="x"), raw("b", 1, setup="z")]
    unknown = [raw("a", 1)]
    assert same_but_seed(one, two)
    assert not same_but_seed(one, other)
    assert not same_but_seed(one, unknown)
    assert not same_but_seed([], one)
    assert families([one, other, two, unknown]) == [[0, 2], [1], [3]]
