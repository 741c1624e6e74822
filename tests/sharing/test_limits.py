"""What a hostile artifact can make the program take: memory, and bytes on the disk; measured."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapterxlt.sharing.bundle import write_bundle
from adapterxlt.sharing.content import MAX_FILES, MAX_MEMORY, MAX_TEXT
from adapterxlt.sharing.tensor_files import MAX_HEADER
from adapterxlt.store.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES
from tests.sharing.make import small_artifact
from tests.sharing.spoil import edit, put, relist

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

# Carries out commands, each in a copy of itself, and so does not import everything for each. What
# a copy has used is its own: its peak of memory begins with what it is given.
SERVER = """
import json, os, sys
from pathlib import Path
from adapterxlt.cli.artifact import import_, pull
from adapterxlt.cli.main import cli

def field(file, name):
    lines = Path("/proc/self", file).read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name + ":")).split()[1])

for line in sys.stdin:
    arguments, said, used = json.loads(line)
    if not os.fork():
        for stream in (1, 2):
            os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        code = 0
        try:
            cli(arguments)
        except SystemExit as end:
            code = end.code
        figures = [code, field("status", "VmHWM") << 10, field("io", "wchar")]
        Path(used).write_text(json.dumps(figures))
        os._exit(0)
    os.wait()
    print(flush=True)
"""


@dataclass
class Used:
    """What a command ended with, its peak of memory, and what it wrote, in bytes."""

    code: int
    memory: int
    written: int
    said: str


Measured = Callable[..., Used]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Carries out a command of the program, and says what it used."""
    folder = tmp_path_factory.mktemp("measured")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def measured(*arguments: object) -> Used:
            said, used = folder / "said", folder / "used"
            said.unlink(missing_ok=True)
            used.unlink(missing_ok=True)
            print(json.dumps([[*map(str, arguments)], str(said), str(used)]), file=server.stdin)
            server.stdin.flush()
            assert server.stdout.readline() == "\n"
            return Used(*json.loads(used.read_text()), said.read_text())

        yield measured
        server.stdin.close()


def taken_in(measured: Measured, path: Path, tmp_path: Path) -> Used:
    return measured("artifact", "import", path, "--no-load", "--workdir", tmp_path / "runs")


@pytest.fixture(scope="module")
def plain(measured: Measured, tmp_path_factory: pytest.TempPathFactory) -> Used:
    """An artifact as it should be."""
    root = tmp_path_factory.mktemp("plain")
    used = taken_in(measured, small_artifact(root / "made").where, root)
    assert used.code == 0, used.said
    return used


def many_members(folder: Path) -> None:
    for number in range(5 * MAX_FILES):
        (folder / f"{number}.json").touch()


def weights_header(text: str) -> Callable[[Path], None]:
    """Weights with this header and nothing else."""
    header = text.encode()
    return put("adapter.safetensors", len(header).to_bytes(8, "little") + header)


def repeated(start: str, item: str, end: str, size: int) -> str:
    return start + item * ((size - len(start) - len(end)) // len(item)) + end[1:]


def json_text(name: str, text: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_text(text)
        relist(folder)

    return spoil


def manifest_of(item: str) -> Callable[[Path], None]:
    """A manifest whose parts hold one long list; as large as one may be."""

    def spoil(folder: Path) -> None:
        edit(folder, lambda document: document["parts"].update(more="@"))
        path = folder / MANIFEST_NAME
        text = path.read_text()
        path.write_text(text.replace('"@"', repeated("[", item, ",0]", MAX_MANIFEST_BYTES - 9000)))

    return spoil


def zeros(folder: Path) -> None:
    """Weights of 256 MiB that nothing is wrong with but their hash."""
    path, size = folder / "adapter.safetensors", 256 << 20
    header = json.dumps({"a": {"dtype": "I8", "shape": [size], "data_offsets": [0, size]}})
    relist(folder)
    with path.open("wb") as out:
        out.write(len(header).to_bytes(8, "little") + header.encode())
        out.truncate(8 + len(header) + size)
    record = {"size": path.stat().st_size, "sha256": "0" * 64}
    edit(folder, lambda document: document["files"].update({path.name: record}))


KINDS: dict[str, Callable[[Path], None]] = {
    "many members": many_members,
    "a header of 2^63 bytes": put("adapter.safetensors", (1 << 63).to_bytes(8, "little") + b"{}"),
    "a header of 64 MiB": weights_header("{" + " " * (64 << 20) + "}"),
    "a header of lists": weights_header(repeated('{"a":[', "[],", ",0]}", MAX_HEADER)),
    "a header of objects": weights_header(repeated('{"a":[', "{},", ",0]}", MAX_HEADER)),
    "a header of names": weights_header(
        "{" + ",".join(f'"{i:x}":[]' for i in range(330_000)) + "}"
    ),
    "a header of one long shape": weights_header(
        repeated('{"a":{"dtype":"U8","data_offsets":[0,0],"shape":[', "0,", ",0]}}", MAX_HEADER)
    ),
    "a shape of 2^376 numbers": weights_header(
        json.dumps({"a": {"dtype": "F64", "shape": [1 << 47] * 8, "data_offsets": [0, 1 << 47]}})
    ),
    "256 MiB of zeros": zeros,
    "JSON of lists": json_text("model.json", repeated("[", "[],", ",0]", MAX_TEXT)),
    "JSON of objects": json_text("model.json", repeated("[", "{},", ",0]", MAX_TEXT)),
    "JSON of 64 MiB": json_text("model.json", repeated("[", "0,", ",0]", 64 << 20)),
    "a manifest of lists": manifest_of("[],"),
    "a manifest of objects": manifest_of("{},"),
    "a manifest of numbers": manifest_of("1.5,"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "packed"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_hostile_artifact_takes(
    measured: Measured, tmp_path: Path, plain: Used, kind: str, packed: bool
) -> None:
    folder = small_artifact(tmp_path / "made").where
    KINDS[kind](folder)
    path = folder
    if packed:
        path = tmp_path / "made.axlt"
        names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        with path.open("wb") as out:
            write_bundle(folder, names, out)
    used = taken_in(measured, path, tmp_path)
    assert used.code == 4, used.said
    assert used.memory - plain.memory < MAX_MEMORY
    assert used.written < 1 << 16
    assert not list((tmp_path / "runs").rglob("*.json"))


def sparse(path: Path) -> None:
    """72 GiB that take no room on the disk here, as members of nearly 8 GiB each."""
    import tarfile

    size = (8 << 30) - 512
    with path.open("wb") as out:
        for number in range(9):
            info = tarfile.TarInfo(MANIFEST_NAME if not number else f"part{number}.safetensors")
            info.size = size
            out.write(info.tobuf(tarfile.USTAR_FORMAT))
            out.seek(size, 1)
        out.truncate(out.tell() + 1024)


def squeezed(path: Path) -> None:
    """2 GiB of zeros in 2 MB."""
    path.write_bytes(gzip.compress(b"\0" * (1 << 24)) * 128)


@pytest.mark.parametrize("make", [sparse, squeezed])
@pytest.mark.parametrize("verb", ["import", "pull"])
def test_what_a_huge_file_takes(
    measured: Measured, tmp_path: Path, plain: Used, make: Callable[[Path], None], verb: str
) -> None:
    make(tmp_path / "bad.axlt")
    used = measured(
        "artifact", verb, tmp_path / "bad.axlt", "--no-load", "--workdir", tmp_path / "runs"
    )
    assert used.code == 4, used.said
    assert used.memory - plain.memory < 16 << 20
    assert used.written < 1 << 16


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "packed"])
def test_a_remote_that_sends_more_than_it_said(
    measured: Measured, tmp_path: Path, plain: Used, packed: bool
) -> None:
    folder = small_artifact(tmp_path / "made").where
    if packed:
        names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        with (tmp_path / "made.axlt").open("wb") as out:
            write_bundle(folder, names, out)
    long = tmp_path / "made.axlt" if packed else folder / "model.json"
    os.truncate(long, 1 << 30)
    url = tmp_path / ("made.axlt" if packed else "made")
    used = measured("artifact", "pull", url, "--no-load", "--workdir", tmp_path / "runs")
    assert used.code == 4, used.said
    assert used.memory - plain.memory < 16 << 20
    assert used.written < 1 << 16
    assert not list((tmp_path / "runs/store/.staging").iterdir())
