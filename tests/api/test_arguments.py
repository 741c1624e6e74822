"""Values of a wrong type are told by the name of their argument, before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adapterxlt as xlt

RECIPE = "quickstart"
NUMBER = "must be a whole number"
CALLS: list[tuple[Callable[..., Any], str]] = [
    (lambda: xlt.validate(None), "recipe: must be a path or a name, not None"),  # type: ignore[arg-type]
    (lambda: xlt.validate(RECIPE, data=3), "data: must be a list of paths, not 3"),  # type: ignore[arg-type]
    (lambda: xlt.validate(RECIPE, tasks="mine.yaml"), "tasks: must be a list of paths"),
    (lambda: xlt.validate(RECIPE, overrides=["seed=2"]), "overrides: must be a mapping"),  # type: ignore[arg-type]
    (lambda: xlt.run(RECIPE, trial=0), f"trial: {NUMBER} of at least 1, not 0"),
    (lambda: xlt.run(RECIPE, trial=-3), f"trial: {NUMBER} of at least 1, not -3"),
    (lambda: xlt.run(RECIPE, trial="x"), f"trial: {NUMBER} of at least 1, not 'x'"),  # type: ignore[arg-type]
    (lambda: xlt.run(RECIPE, jobs=1.5), f"jobs: {NUMBER} of at least 1, not 1.5"),  # type: ignore[arg-type]
    (lambda: xlt.run(RECIPE, workdir=None), "workdir: must be a path"),  # type: ignore[arg-type]
    (lambda: xlt.run(RECIPE, workdir=""), "workdir: must be a path or a name, not ''"),
    (lambda: xlt.run(RECIPE, data=" "), "data: must be a path or a name, not ' '"),
    (
        lambda: xlt.validate(RECIPE, data=["pocket", ""]),
        "data[1]: must be a path or a name, not ''",
    ),
    (lambda: xlt.validate(RECIPE, tasks=[""]), "tasks[0]: must be a path or a name, not ''"),
    (lambda: xlt.run(RECIPE, device="gpu"), "`gpu` is not a device"),
    (lambda: xlt.load(None), "model: must be a path or a name, not None"),  # type: ignore[arg-type]
    (lambda: xlt.load("mini", backbone=3), "backbone: must be a path or a name, not 3"),  # type: ignore[arg-type]
    (lambda: xlt.load("mini", device=None), "`None` is not a device"),  # type: ignore[arg-type]
    (lambda: xlt.load("mini", token_budget="many"), f"token_budget: {NUMBER}"),  # type: ignore[arg-type]
    (lambda: xlt.load("mini", tasks=None), "tasks: must be a list of paths, not None"),  # type: ignore[arg-type]
    (lambda: xlt.load("mini", language_adapters=["a"]), "language_adapters: must be a mapping"),  # type: ignore[arg-type]
    (lambda: xlt.mine(None, ["a"]), "source: must be a file or sentences, not None"),  # type: ignore[arg-type]
    (lambda: xlt.mine(["a"], ["b"], layer="x"), f"layer: {NUMBER}, not 'x'"),  # type: ignore[arg-type]
    (lambda: xlt.mine(["a"], ["b"], top=1.5), f"top: {NUMBER}, not 1.5"),  # type: ignore[arg-type]
    (lambda: xlt.mine(["a"], ["b"], threshold="1"), "threshold: must be a number, not '1'"),  # type: ignore[arg-type]
    (lambda: xlt.mine(["a"], ["b"], protocol=1), "protocol: must be a string, not 1"),  # type: ignore[arg-type]
    (lambda: xlt.score(1, "a", "b"), "benchmark: must be a string, not 1"),  # type: ignore[arg-type]
    (lambda: xlt.score("xtreme", None, "b"), "predictions: must be a path"),  # type: ignore[arg-type]
    (lambda: xlt.score("xtreme", "a", "b", tasks="xnli"), "tasks: must be a list of tasks"),
    (lambda: xlt.tasks("mine.yaml"), "entries: must be a list of paths"),
]


@pytest.mark.parametrize(("call", "told"), CALLS, ids=[told for _, told in CALLS])
def test_wrong_arguments(
    call: Callable[[], Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(xlt.errors.UsageError) as error:
        call()
    assert told in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def mini() -> xlt.Model:
    return xlt.load("mini")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"layer": "x"}, f"layer: {NUMBER}, not 'x'"),
        ({"layer": 2.5}, f"layer: {NUMBER}, not 2.5"),
        ({"layer": True}, f"layer: {NUMBER}, not True"),
        ({"pooling": None}, "pooling: must be a string, not None"),
        ({"max_length": "x"}, f"max_length: {NUMBER}, not 'x'"),
        ({"prefix": 3}, "prefix: must be a string, not 3"),
    ],
)
def test_wrong_arguments_of_encode(mini: xlt.Model, given: dict[str, Any], told: str) -> None:
    with pytest.raises(xlt.errors.UsageError) as error:
        mini.encode(["a"], **given)
    assert told in str(error.value)


def test_sentences_are_texts_and_numbers_may_be_those_of_numpy(mini: xlt.Model) -> None:
    with pytest.raises(xlt.errors.UsageError, match="sentences: must be a text or texts, not 3"):
        mini.encode(3)  # type: ignore[arg-type]
    same = mini.encode("Good morning.", layer=2)
    assert np.array_equal(mini.encode("Good morning.", layer=np.int64(2)), same)  # type: ignore[arg-type]


def test_a_work_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "file/runs"):
        with pytest.raises(xlt.errors.UsageError, match=f"cannot write .*/{name}: Not a directory"):
            xlt.run(RECIPE, workdir=tmp_path / name)
