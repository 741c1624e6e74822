"""The same artifact is the same file, and several processes may take artifacts in at once."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

from adapterxlt.sharing.source import FolderSource, open_source
from adapterxlt.sharing.transport import pack
from adapterxlt.sharing.verify import verify
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from tests.sharing.make import small_artifact


def test_the_same_artifact_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "again"):
        pack(small_artifact(tmp_path / name), tmp_path / f"{name}.axlt")
    assert (tmp_path / "again.axlt").read_bytes() == (tmp_path / "one.axlt").read_bytes()
    source = open_source(tmp_path / "again.axlt")
    assert verify(source) == verify(FolderSource(tmp_path / "again"))
    with tarfile.open(tmp_path / "again.axlt") as file:
        assert file.getnames()[0] == MANIFEST_NAME


IMPORT = """
import sys
from pathlib import Path
from adapterxlt.sharing.transport import take_in
from adapterxlt.sharing.source import open_source
from adapterxlt.store.store import Store
store = Store(Path(sys.argv[1]))
print(sum(take_in(open_source(Path(path)), store, load=False).new for path in sys.argv[2:]))
"""


def test_several_processes_import_into_one_store(tmp_path: Path) -> None:
    made = [str(small_artifact(tmp_path / f"made{i}", seed=i).where) for i in range(6)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, str(tmp_path / "store"), *order],
            stdout=subprocess.PIPE,
            text=True,
        )
        for order in (made, made[::-1], made[3:] + made[:3], made[1:] + made[:1])
    ]
    assert sum(int(process.communicate(timeout=600)[0]) for process in processes) == len(made)
    store = Store(tmp_path / "store")
    assert [store.get(entry.fingerprint) for entry in store.entries()] == store.entries()
    assert len(store.entries()) == len(made)
    assert not list((tmp_path / "store/.staging").iterdir())
