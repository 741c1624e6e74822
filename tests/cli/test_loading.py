"""A user at a terminal is told what the first seconds go to; nobody else is."""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path

import pytest

from adapterxlt.cli import loading


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that takes torch's place."""
    (tmp_path / "very_heavy.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(loading, "FIRST", "very_heavy")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delitem(sys.modules, "very_heavy", raising=False)
    return "very_heavy"


def test_a_terminal_is_told_once(heavy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    loading.announce_loading()
    assert terminal.getvalue() == ""  # nothing is loaded yet
    for _ in range(2):
        assert importlib.import_module(heavy).VALUE == 1
        del sys.modules[heavy]
    assert terminal.getvalue() == "loading PyTorch and adapters ...\n"


def test_a_file_is_told_nothing(heavy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    loading.announce_loading()
    assert importlib.import_module(heavy).VALUE == 1
    assert file.getvalue() == ""
    del sys.modules[heavy]
