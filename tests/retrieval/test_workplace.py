from __future__ import annotations

import threading
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.progress import Silent
from adapterxlt.retrieval.workplace import TEXTS, VECTORS, check_inputs, held


class Told(Silent):
    """Remembers what it is told, and says that it was."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.waits = threading.Event()

    def log(self, message: str) -> None:
        self.said.append(message)
        self.waits.set()


@pytest.mark.parametrize("keep", [True, False])
def test_the_second_run_waits_for_the_first_and_is_told(tmp_path: Path, keep: bool) -> None:
    work, told, order = tmp_path / "work", Told(), []

    def second() -> None:
        with held(work, told, keep=keep):
            order.append("second")
            assert (work / VECTORS).is_dir()

    with held(work, Silent(), keep=keep):
        other = threading.Thread(target=second)
        other.start()
        assert told.waits.wait(60)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert told.said == [f"{work}: waiting for another run that works here"]
    assert work.exists() is keep


def test_after_a_failure_all_stays_and_later_only_its_own_goes(tmp_path: Path) -> None:
    work = tmp_path / "work"

    def fail() -> None:
        with held(work, Silent(), keep=False):
            (work / VECTORS / "x").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (work / VECTORS / "x").is_file()
    (work / "mine").write_text("the user's")
    with held(work, Silent(), keep=True):
        (work / TEXTS / "y").write_text("y")
    assert {path.name for path in work.iterdir()} == {".lock", "mine", VECTORS}
    with held(work, Silent(), keep=False):
        pass
    assert [path.name for path in work.iterdir()] == ["mine"]


@pytest.mark.parametrize("folder", [VECTORS, TEXTS])
def test_no_input_lies_among_its_own_files(tmp_path: Path, folder: str) -> None:
    (tmp_path / "work" / folder).mkdir(parents=True)
    file = tmp_path / "work" / folder / "source.txt"
    file.write_text("the user's")
    (tmp_path / "link").symlink_to(file)
    for name in (file, tmp_path / "link"):
        with pytest.raises(UsageError, match="which is reserved for the work folder"):
            check_inputs(tmp_path / "work", [tmp_path / "work" / "mine.txt", name])
    check_inputs(tmp_path / "work", [tmp_path / "work" / "mine.txt", tmp_path / "gone"])


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(AdapterXLTError, match="Not a directory"),
        held(tmp_path / "file" / "work", Silent(), keep=True),
    ):
        pass
