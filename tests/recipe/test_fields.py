from __future__ import annotations

import pytest

from tests.recipe.helpers import stages, told


@pytest.mark.parametrize("blank", ["''", "' '"])
@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("data: {}", "data[0]"),
        ("data: [pocket, {}]", "data[1]"),
        ("tasks: {}", "tasks[0]"),
        ("tasks: [{}]", "tasks[0]"),
        ("backbone: {}", "backbone.name"),
        ("backbone: {{name: {}}}", "backbone.name"),
        ("store: {{remotes: [{}]}}", "store.remotes[0].url"),
        ("store: {{remotes: [{{url: {}}}]}}", "store.remotes[0].url"),
    ],
)
def test_an_empty_place_is_not_the_current_folder(written: str, path: str, blank: str) -> None:
    text = f"name: x\n{written.format(blank)}\nstages: {{a: {{train: mnli}}}}\n"
    assert told(text) == [f"2 {path}: must not be empty"]


@pytest.mark.parametrize("blank", ["''", "' '"])
def test_stages_name_no_empty_place_either(blank: str) -> None:
    text = stages(f"""
        a: {{use: {blank}}}
        b: {{align: {blank}, layer: 1}}
        c: {{probe: none, on: {blank}}}
    """)
    assert told(text) == [
        "3 stages.a.use: must not be empty",
        "4 stages.b.align: must not be empty",
        "5 stages.c.on: must not be empty",
    ]


def test_an_include_is_not_empty() -> None:
    assert told("include: ' '\nname: x\nstages: {a: {train: mnli}}\n") == [
        "1 include: must be the path of a recipe file"
    ]
