"""Which URLs are known, and what of them is shown."""

from __future__ import annotations

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.store.remotes.files import masked
from adapterxlt.store.source import FolderSource
from tests.store.remotes.transfer import publish


def test_passwords_are_not_shown() -> None:
    assert masked("sftp://ann:secret@host/x") == "sftp://ann:***@host/x"
    assert masked("https://host/x?token=secret") == "https://host/x"


def test_unknown_schemes_are_named(made: FolderSource) -> None:
    with pytest.raises(UsageError, match="gopher"):
        publish(made, "gopher://host/x")
