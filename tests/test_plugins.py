from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt import plugins
from adapterxlt.plugins import PluginError
from tests.plugin import installed


def test_what_an_installed_package_adds_is_found_by_its_name(tmp_path: Path) -> None:
    assert "my-format" not in plugins.entries("readers")
    with installed(
        tmp_path,
        group="readers",
        names={"my-format": "my_reading:READER"},
        module="my_reading",
        source="READER = 'it reads'",
    ):
        assert plugins.load("readers", "my-format") == "it reads"
        assert plugins.origin(plugins.entries("readers")["my-format"]) == "my_reading 1.2"
        assert "my-format" not in plugins.entries("kinds")
    assert "my-format" not in plugins.entries("readers")


@pytest.mark.parametrize(
    ("number", "source", "reason"),
    [
        (1, "1 / 0", "division by zero"),
        (2, "", "no attribute 'READER'"),
        (3, "import nowhere", "nowhere"),
    ],
)
def test_a_package_that_fails_is_named(
    tmp_path: Path, number: int, source: str, reason: str
) -> None:
    module = f"bad_reading_{number}"
    names = {"bad": f"{module}:READER"}
    with (
        installed(tmp_path, group="readers", names=names, module=module, source=source),
        pytest.raises(PluginError, match=f"`bad` of adapterxlt's readers .*{module} 1.2") as told,
    ):
        plugins.load("readers", "bad")
    assert reason in str(told.value)


def test_two_packages_of_one_name_are_told(tmp_path: Path) -> None:
    with (
        installed(
            tmp_path / "a", group="kinds", names={"x": "a_kind:A"}, module="a_kind", source=""
        ),
        installed(
            tmp_path / "b", group="kinds", names={"x": "b_kind:B"}, module="b_kind", source=""
        ),
        pytest.raises(PluginError, match=r"two packages add `x` .* (a_kind|b_kind) 1\.2"),
    ):
        plugins.entries("kinds")
