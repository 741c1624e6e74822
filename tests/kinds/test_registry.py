from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import KINDS, get_kind, kind_of
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.plugins import PluginError
from tests.plugin import installed


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_that_is_trained_has_workings_and_a_head(name: str) -> None:
    found = get_kind(name)
    assert found.name == name
    assert found.trainable == (found.head is not None)
    if found.trainable:
        assert found.workings is found.workings


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown kind of task `taging`") as caught:
        get_kind("taging")
    assert "tagging" in str(caught.value.hint)


def test_an_example_tells_its_kind() -> None:
    assert kind_of(LabelledText("1", "a")) is KINDS["text_classification"]
    with pytest.raises(UsageError, match="a `str` is not an example of any kind"):
        kind_of("a")


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("odd", "KIND = 3", "is not a kind of task called `odd`"),
        ("tagging", "KIND = 3", "adds a kind `tagging`, which is built in"),
    ],
)
def test_a_package_that_adds_no_kind_is_named(
    tmp_path: Path, name: str, source: str, message: str
) -> None:
    names = {name: "odd_kind:KIND"}
    with (
        installed(
            tmp_path / "package", group="kinds", names=names, module="odd_kind", source=source
        ),
        pytest.raises(PluginError, match=message) as caught,
    ):
        get_kind(name)
    assert "odd_kind 1.2" in str(caught.value)
