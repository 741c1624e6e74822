"""A push that is cut shows nothing, and goes on where it was; of two at once, one is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.sharing.remotes.fetch import has
from adapterxlt.sharing.remotes.opening import FsFiles
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.verify import verify
from tests.sharing.make import small_artifact
from tests.sharing.remotes.transfer import content, fetch_all, publish


@pytest.fixture
def before_put(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Do something just before a push writes its n-th file, once."""

    def arrange(number: int, what: Callable[[], object]) -> None:
        put, calls = FsFiles.put, []

        def watched(self: FsFiles, local: Path, name: str) -> None:
            calls.append(name)
            if len(calls) == number:
                what()
            put(self, local, name)

        monkeypatch.setattr(FsFiles, "put", watched)

    return arrange


def fail() -> None:
    raise ConnectionError("gone")


Arrange = Callable[[int, Callable[[], object]], None]


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_a_cut_replacement_mixes_nothing(
    made: FolderSource, tmp_path: Path, before_put: Arrange, number: int
) -> None:
    url = str(tmp_path / "remote")
    publish(made, url)
    other = small_artifact(tmp_path / "other", license="apache-1.1")
    assert other.sizes == made.sizes  # by size, no file of one is known from the other's
    before_put(number, fail)
    with pytest.raises(ConnectionError):
        publish(other, url, replace=True)
    publish(other, url, replace=True)
    assert fetch_all(url, tmp_path / "store") == content(other)
    assert not list((tmp_path / "remote/.incoming").iterdir())


def test_a_push_that_another_came_between_is_not_shown(
    made: FolderSource, tmp_path: Path, before_put: Arrange
) -> None:
    url = str(tmp_path / "remote")
    other = small_artifact(tmp_path / "other", license="mit")
    before_put(4, lambda: (tmp_path / "remote/.incoming").rename(tmp_path / "gone"))
    with pytest.raises(AdapterXLTError, match="another push happened at the same time"):
        publish(made, url)
    assert not has(url, verify(made).fingerprint)
    publish(other, url)
    assert fetch_all(url, tmp_path / "store") == content(other)


def test_two_pushes_of_the_same_artifact(
    made: FolderSource, tmp_path: Path, before_put: Arrange
) -> None:
    url = str(tmp_path / "remote")
    before_put(4, lambda: publish(made, url))
    assert publish(made, url).files == 0
    assert fetch_all(url, tmp_path / "store") == content(made)
    assert not list((tmp_path / "remote/.incoming").iterdir())


def test_what_is_damaged_there_can_be_sent_anew(made: FolderSource, tmp_path: Path) -> None:
    url = publish(made, str(tmp_path / "remote")).url
    (Path(url) / "model.json").write_text("{}")
    assert publish(made, str(tmp_path / "remote")).files == 0
    assert publish(made, str(tmp_path / "remote"), replace=True).files == len(made.sizes)
    assert fetch_all(url, tmp_path / "store") == content(made)
