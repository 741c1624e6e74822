"""What a verb writes for its user: never over its input, whole or not at all, links kept."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.store.compressed import opened
from adapterxlt.store.output import (
    check_new_folder,
    check_output,
    new_folder,
)

TEXT = "one\ntwo\n"


def write(path: Path, text: str = TEXT) -> None:
    with check_output(path).open_text() as stream:
        stream.write(text)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An input `in`, with a link and a hard link to it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in"
    path.write_text("input")
    (tmp_path / "link").symlink_to("in")
    (tmp_path / "link2").symlink_to(tmp_path / "link")
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "folder").mkdir()
    return path


@pytest.mark.parametrize("name", ["in", "./in", "folder/../in", "link", "link2", "hard"])
def test_an_input_is_never_replaced_whatever_it_is_called(given: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"--out .*: is the same file as .*in, which is an input"):
        check_output(Path(name), inputs=[Path("gone"), given])
    assert given.read_text() == "input"


def test_nothing_is_written_into_a_folder_that_is_read(given: Path) -> None:
    for path in (Path("folder/new"), Path("folder/a/b")):
        with pytest.raises(UsageError, match="is inside folder"):
            check_output(path, inputs=[Path("folder")])
        with pytest.raises(UsageError, match="is inside folder"):
            check_new_folder(path, inputs=[Path("folder")])
    check_output(Path("folder2"), inputs=[Path("folder")])


def test_links_stay_and_permissions_too(given: Path) -> None:
    given.chmod(0o640)
    write(Path("link2"))
    assert Path("link2").is_symlink()
    assert Path("link").is_symlink()
    assert given.read_text() == TEXT
    assert given.stat().st_mode & 0o777 == 0o640
    Path("dangling").symlink_to("folder/new")
    write(Path("dangling"))
    assert Path("folder/new").read_text() == TEXT
    assert not list(Path().rglob(".*"))


def test_new_files_have_the_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o640


def test_pipes_and_devices_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join()
    assert found == [TEXT]
    assert pipe.is_fifo()
    write(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
    with pytest.raises(AdapterXLTError, match="cannot write /dev/full: No space left"):
        write(Path("/dev/full"))


CODE = """
import sys
from pathlib import Path
from adapterxlt.store.output import check_output
print("before")
output = check_output(Path(sys.argv[1]))
assert output.takes_stdout
with output.open_text() as stream:
    stream.write("text\\n")
print("after")
"""


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link", "f"])
def test_stdout_is_written_to_even_where_it_is_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    with (tmp_path / "f").open("wb") as stream:
        subprocess.run([sys.executable, "-c", CODE, name], cwd=tmp_path, stdout=stream, check=True)
    assert (tmp_path / "f").read_text() == "before\ntext\nafter\n"
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["f.gz", "f.GZ", "f.bz2", "f.xz", "f.zst", "f.Zst"])
def test_names_say_how_to_compress_and_the_bytes_are_always_the_same(
    tmp_path: Path, name: str
) -> None:
    if name.lower().endswith("zst"):
        pytest.importorskip("zstandard")
    for folder in ("a", "b"):
        write(tmp_path / folder / name)
    raw = (tmp_path / "a" / name).read_bytes()
    assert raw == (tmp_path / "b" / name).read_bytes()
    assert raw[:4] != TEXT.encode()[:4]
    with opened(tmp_path / "a" / name) as stream:
        assert stream.read() == TEXT.encode()


def test_gzip_holds_neither_name_nor_time(tmp_path: Path) -> None:
    write(tmp_path / "f.gz")
    raw = (tmp_path / "f.gz").read_bytes()
    assert raw[3:8] == bytes(5)
    assert gzip.decompress(raw) == TEXT.encode()


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    output = check_output(path)

    def fail(error: BaseException) -> None:
        with output.open_text() as stream:
            stream.write("half")
            raise error

    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    with pytest.raises(AdapterXLTError, match=r"cannot write .*f: No space left") as caught:
        fail(OSError(errno.ENOSPC, "x"))
    assert "free some space" in str(caught.value.hint)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert path.read_text() == "old"


KILLED = """
import os, signal, sys
from pathlib import Path
from adapterxlt.store.output import check_output
with check_output(Path(sys.argv[1])).open() as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="every file has a name on this system")
def test_a_kill_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "f"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_text() == "old"


@pytest.mark.parametrize("fails", ["open", "link"])
def test_file_systems_without_nameless_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = getattr(os, fails)

    def fail(path: Path | str, *arguments: int, **options: int) -> int:
        if fails == "link" or (arguments[0] & os.O_DIRECTORY and arguments[0] & os.O_RDWR):
            raise OSError(errno.EOPNOTSUPP, "x")
        return int(before(path, *arguments, **options))

    monkeypatch.setattr(os, fails, fail)
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o600)
    write(path)
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "is a folder"),
        ("in/x", "cannot write .*Not a directory"),
        ("in/x/y", "cannot write .*Not a directory"),
        ("x" * 300, "File name too long"),
        ("folder/" + "x" * 300 + "/y", "File name too long"),
        ("loop", "levels of symbolic links"),
    ],
)
def test_what_cannot_be_written_is_said_at_once(given: Path, name: str, message: str) -> None:
    Path("loop").symlink_to("loop")
    with pytest.raises(UsageError, match=message):
        check_output(Path(name))


def test_a_descriptor_that_is_not_open(given: Path) -> None:
    with pytest.raises(AdapterXLTError, match="Bad file descriptor"):
        check_output(Path("/dev/fd/987"))


def test_folders(given: Path) -> None:
    Path("dangling").symlink_to("gone")
    with pytest.raises(UsageError, match="dangling is a link that leads nowhere"):
        check_new_folder(Path("dangling/x"))
    for name in ("folder", "in", "dangling"):
        with pytest.raises(UsageError, match="already exists"):
            check_new_folder(Path(name))

    def interrupted() -> None:
        with new_folder(Path("new/x")) as aside:
            aside.mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(Path("new").iterdir())
    with new_folder(Path("new/x")) as aside:
        aside.mkdir()
        (aside / "f").write_text("x")
    assert [path.name for path in Path("new").iterdir()] == ["x"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_write_protected(given: Path) -> None:
    given.chmod(0o444)
    Path("folder").chmod(0o555)
    try:
        for name in ("in", "folder/new"):
            with pytest.raises(AdapterXLTError, match=r"cannot write .*Permission denied"):
                check_output(Path(name))
    finally:
        Path("folder").chmod(0o755)
