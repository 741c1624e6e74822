"""The examples in the docstrings of what is public are true; they run in the checkout."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import adapterxlt as xlt
from tests.conftest import CHECKOUT

PUBLIC = [name for name in xlt.__all__ if name not in ("__version__", "errors")]


@pytest.mark.parametrize("name", PUBLIC)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(CHECKOUT)
    found = doctest.DocTestFinder().find(
        getattr(xlt, name), name, globs={"xlt": xlt, "folder": tmp_path}
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in found:
        runner.run(test)
    assert runner.failures == 0
    assert getattr(xlt, name).__doc__


def test_names_are_found_when_they_are_used() -> None:
    assert set(dir(xlt)) == set(xlt.__all__)
    with pytest.raises(AttributeError, match="no attribute `lod`"):
        _ = xlt.lod
