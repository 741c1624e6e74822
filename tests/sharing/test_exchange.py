"""Finished stages in a remote store: exact copies, and nothing that is cut, spoilt or hostile."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, UsageError
from adapterxlt.progress import Silent
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.results.outcomes import Outcomes, write_outcomes
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.sharing.remotes.base import WritableFiles
from adapterxlt.sharing.remotes.opening import FsFiles, open_writable
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from tests.sharing.remotes.servers import serve_s3, serve_sftp

PARTS: dict[str, object] = {"kind": "evaluate"}
ADDRESS = address_of(PARTS)
NAN = b'[{"language": "de", "split": "test", "metric": "f1", "main": true, "value": NaN, "n": 2}]'


def entry(store: Store, value: float = 51.5) -> None:
    """A measurement with all kinds of files that entries have."""
    out = store.open_staging(ADDRESS) / "out"
    measure = Measure("de", "test", "accuracy", True, value, 2)
    write_measures(out, [measure])
    columns = {"right": np.array([True, False])}
    write_outcomes(out, [Outcomes("de", "test", np.arange(2), columns)])
    (out / "predictions/udpos").mkdir(parents=True)
    (out / "predictions/udpos/dev-de.tsv").write_text("X\n\x0b\n")
    save_file({"a": np.arange(6, dtype=np.float32)}, out / "adapter.safetensors")
    (out / "texts").mkdir()
    (out / "texts/mnli-ab.u64").write_bytes(np.arange(5, dtype="<u8").tobytes())
    (out / "metrics.json").write_text('{"dev": {}}')
    store.commit(
        ADDRESS, kind="evaluate", title="scores", recipe="r", parts=PARTS, lineage={"steps": []}
    )


@pytest.fixture
def full(tmp_path: Path) -> Store:
    store = Store(tmp_path / "full")
    entry(store)
    return store


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty")


def exchange(url: object) -> Exchange:
    return Exchange(str(url), Silent())


def content(store: Store) -> dict[str, bytes]:
    folder = store.path(ADDRESS)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def there_and_back(url: str, full: Store, empty: Store) -> None:
    """Pushed in two tries, the first of which is cut, and pulled with the same bytes."""
    first = exchange(url)
    with first.probed() as probe:
        assert exchange(url).sees(probe)
    assert not exchange(url).sees(probe)
    assert not first.lists(ADDRESS)
    assert not first.pull(ADDRESS, empty)
    put, calls = FsFiles.put, []

    def cut(self: FsFiles, local: Path, name: str) -> None:
        calls.append(name)
        if len(calls) in (5, 6):  # a connection that is cut is opened once more
            raise AdapterXLTError("gone")
        put(self, local, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FsFiles, "put", cut)
        with pytest.raises(AdapterXLTError, match="gone"):
            first.push(ADDRESS, full)
        assert not exchange(url).has(ADDRESS), "what is not whole does not count"
        assert not exchange(url).pull(ADDRESS, empty)
        exchange(url).push(ADDRESS, full)
        sent = len(calls)
        exchange(url).push(ADDRESS, full)
        assert len(calls) == sent, "it is there"
    assert exchange(url).lists(ADDRESS)
    assert exchange(url).pull(ADDRESS, empty)
    assert content(empty) == content(full)
    assert Store(empty.root).get(ADDRESS) is not None
    assert not list((empty.root / ".staging").iterdir())


def test_the_measures_of_many_languages_and_layers(tmp_path: Path, empty: Store) -> None:
    full = Store(tmp_path / "many")
    many = [
        Measure(f"{code:03d}_Latn", "test", "accuracy", True, 50.0, 1_000, layer)
        for code in range(204)
        for layer in range(200)
    ]
    out = full.open_staging(ADDRESS) / "out"
    write_measures(out, many)
    assert (out / "measures.json").stat().st_size > 4 << 20  # the limit of other JSON files
    full.commit(ADDRESS, kind="evaluate", title="s", recipe="r", parts=PARTS, lineage={"steps": []})
    exchange(tmp_path / "remote").push(ADDRESS, full)
    assert exchange(tmp_path / "remote").pull(ADDRESS, empty)
    assert content(empty) == content(full)


def test_a_folder(tmp_path: Path, full: Store, empty: Store) -> None:
    there_and_back(str(tmp_path / "remote"), full, empty)
    assert not list((tmp_path / "remote/entries/.incoming").iterdir())
    assert [path.name for path in (tmp_path / "remote").iterdir()] == ["entries"]


@pytest.mark.parametrize("serve", [serve_s3, serve_sftp])
def test_servers(
    serve: Callable[[Path, pytest.MonkeyPatch], Iterator[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: Store,
    empty: Store,
) -> None:
    with serve(tmp_path, monkeypatch) as url:  # type: ignore[attr-defined]
        there_and_back(url, full, empty)


def test_another_result_of_the_stage_is_replaced_and_the_same_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: Store, empty: Store
) -> None:
    remote = exchange(tmp_path / "remote")
    remote.push(ADDRESS, full)
    entry(empty, value=52.0)
    remote.push(ADDRESS, empty)  # it was later
    assert exchange(tmp_path / "remote").pull(ADDRESS, empty)
    assert content(empty) == content(full)
    assert Store(empty.root).get(ADDRESS) is not None

    monkeypatch.delattr("adapterxlt.sharing.exchange.download")
    assert remote.pull(ADDRESS, empty)
    assert remote.pull(ADDRESS, full)


def test_a_server_that_is_gone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: Store
) -> None:
    gone = {"connect": 2, "put": 0}

    def fails(act: str) -> None:
        if gone[act]:
            gone[act] -= 1
            raise AdapterXLTError(f"cannot {act}")

    def connect(url: str) -> WritableFiles:
        fails("connect")
        return open_writable(url)

    put = FsFiles.put

    def send(self: FsFiles, local: Path, name: str) -> None:
        fails("put")
        put(self, local, name)

    monkeypatch.setattr("adapterxlt.sharing.exchange.open_writable", connect)
    monkeypatch.setattr(FsFiles, "put", send)
    remote = exchange(tmp_path / "remote")
    with pytest.raises(AdapterXLTError, match="cannot connect"):
        remote.has(ADDRESS)
    assert not remote.has(ADDRESS)
    gone.update(connect=3, put=1)  # it goes in the middle of a push
    with pytest.raises(AdapterXLTError, match="cannot connect"):
        remote.push(ADDRESS, full)
    assert gone == {"connect": 0, "put": 0}
    remote.push(ADDRESS, full)
    assert exchange(tmp_path / "remote").has(ADDRESS)


KILLED = """
import os, signal, sys
from pathlib import Path
from adapterxlt.progress import Silent
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.sharing.remotes.base import WritableFiles
from adapterxlt.sharing.remotes.opening import FsFiles, open_writable
from adapterxlt.store.store import Store

url, root, address, number = sys.argv[1:]
put, calls = FsFiles._put_aside, []

def killed(self, local, aside, path):
    calls.append(path)
    if len(calls) == int(number):  # half of the file is there
        self.fs.makedirs(aside.rpartition("/")[0], exist_ok=True)
        Path(aside).write_bytes(local.read_bytes()[:9])
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, local, aside, path)

FsFiles._put_aside = killed
Exchange(url, Silent()).push(address, Store(Path(root)))
"""


def test_a_worker_killed_mid_push_leaves_nothing_that_counts(
    tmp_path: Path, full: Store, empty: Store
) -> None:
    url = str(tmp_path / "remote")
    for number in (2, 3, 5):  # each goes on where the last was; then the manifest is the fifth
        command = [sys.executable, "-c", KILLED, url, str(full.root), ADDRESS, str(number)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert not exchange(url).has(ADDRESS)
        assert not exchange(url).pull(ADDRESS, empty)
    other = Store(tmp_path / "other")
    entry(other, value=52.0)  # computed anew, elsewhere: nothing of the first is taken for it
    exchange(url).push(ADDRESS, other)
    assert exchange(url).pull(ADDRESS, empty)
    assert content(empty) == content(other)
    assert not list((tmp_path / "remote/entries/.incoming").iterdir())


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    for url in ("hf://team/model", "https://example.org/x"):
        with pytest.raises(UsageError, match=r"^store.remotes: .*`write: true` is not possible"):
            exchange(url)
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match=r"^store.remotes: .*cannot be used with `write: true`"),
        exchange(tmp_path / "file/below").probed(),
    ):
        pass


def spoil(folder: Path, name: str, data: bytes) -> None:
    """Change a file, and the manifest to fit it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    record = {"size": len(data), "sha256": sha256_file(folder / name)}
    manifest["files"][name] = record
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("adapter.safetensors", pickle.dumps({"a": 1}), "is a pickle"),
        ("predictions/udpos/dev-de.tsv", pickle.dumps({"a": 1}), "is a pickle"),
        ("outcomes.npz", pickle.dumps({"a": 1}), "does not hold valid outcomes"),
        ("predicted.json.gz", pickle.dumps({"a": 1}), "does not hold valid predictions"),
        ("other.json.gz", b"\x1f\x8b", "is compressed"),
        ("other.npz", b"PK\x03\x04", "is a zip archive"),
        ("measures.json", b"[{}]", "does not hold valid measures"),
        ("measures.json", NAN, r"valid measures: \[0\]\.value: Input should be a finite number"),
        ("metrics.json", b'{"a": NaN}', "is not JSON"),
        ("run.py", b"", "has a type that artifacts cannot contain"),
        ("../escaped.json", b"{}", "is not a valid name"),
    ],
)
def test_hostile_entries_are_refused(
    tmp_path: Path, full: Store, empty: Store, name: str, data: bytes, reason: str
) -> None:
    exchange(tmp_path / "remote").push(ADDRESS, full)
    spoil(tmp_path / f"remote/entries/{ADDRESS}", name, data)
    remote = exchange(tmp_path / "remote")
    with pytest.raises(InvalidArtifactError, match=reason):
        remote.pull(ADDRESS, empty)
    assert not empty.path(ADDRESS).exists()
    assert not list(tmp_path.rglob("escaped.json")) or name.startswith("..")
    assert not list((empty.root / ".staging").glob("*"))
    remote.push(ADDRESS, full)  # what was found to be damaged is replaced
    assert exchange(tmp_path / "remote").pull(ADDRESS, empty)
    assert content(empty) == content(full)


def test_a_file_that_is_not_what_the_manifest_says_is_refused(
    tmp_path: Path, full: Store, empty: Store
) -> None:
    exchange(tmp_path / "remote").push(ADDRESS, full)
    weights = tmp_path / f"remote/entries/{ADDRESS}/adapter.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InvalidArtifactError, match="does not match the manifest"):
        exchange(tmp_path / "remote").pull(ADDRESS, empty)
    weights.write_bytes(weights.read_bytes() + b"more")
    with pytest.raises(InvalidArtifactError, match="does not match the manifest"):
        exchange(tmp_path / "remote").pull(ADDRESS, empty)
    assert empty.get(ADDRESS) is None


def test_an_entry_under_another_address_is_refused(
    tmp_path: Path, full: Store, empty: Store
) -> None:
    exchange(tmp_path / "remote").push(ADDRESS, full)
    (tmp_path / f"remote/entries/{ADDRESS}").rename(tmp_path / f"remote/entries/{'0' * 64}")
    with pytest.raises(InvalidArtifactError, match="belongs to another stage"):
        exchange(tmp_path / "remote").pull("0" * 64, empty)
