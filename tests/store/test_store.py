from __future__ import annotations

import json
import multiprocessing
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.store import locks
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest
from adapterxlt.store.store import Store

FINGERPRINT = "ab" + "0" * 62


def put(store: Store, fingerprint: str = FINGERPRINT, text: str = "weights") -> Manifest:
    staging = store.open_staging(fingerprint)
    (staging / "out" / "sub").mkdir()
    (staging / "out" / "sub" / "weights.txt").write_text(text)
    return store.commit(
        fingerprint,
        kind="train",
        title="nli",
        recipe="r",
        parts={"kind": "train"},
        lineage={"backbone": None, "steps": []},
    )


def test_an_entry_is_there_once_committed_and_its_staging_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.get(FINGERPRINT) is None
    put(store)
    found = Store(tmp_path).get(FINGERPRINT)
    assert found is not None
    assert found.title == "nli"
    assert found.files["sub/weights.txt"].size == 7
    assert found.size == 7
    assert not store.staging(FINGERPRINT).exists()
    assert [entry.fingerprint for entry in store.entries()] == [FINGERPRINT]


def test_a_folder_without_manifest_is_not_an_entry(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    (store.path(FINGERPRINT) / MANIFEST_NAME).unlink()
    assert Store(tmp_path).get(FINGERPRINT) is None
    assert Store(tmp_path).entries() == []
    put(store, text="new")  # garbage of a killed process does not stand in the way
    assert (store.path(FINGERPRINT) / "sub/weights.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text("Weights"), "sha256"),
        (lambda path: path.write_text("weight"), "has 6 bytes, but the manifest states 7"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.with_name("extra.txt").write_text("x"), "not in the manifest"),
    ],
)
def test_damage_is_found_by_content(tmp_path: Path, damage, message: str) -> None:
    put(Store(tmp_path))
    store = Store(tmp_path)
    damage(store.path(FINGERPRINT) / "sub/weights.txt")
    with pytest.raises(InvalidArtifactError, match=message):
        store.get(FINGERPRINT)
    assert store.whole(FINGERPRINT) is None
    store.remove(FINGERPRINT)
    assert store.get(FINGERPRINT) is None


def test_a_manifest_of_another_schema_or_entry_is_refused(tmp_path: Path) -> None:
    put(Store(tmp_path))
    path = Store(tmp_path).path(FINGERPRINT) / MANIFEST_NAME
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"schema_version": 99}))
    with pytest.raises(InvalidArtifactError, match="schema version 99"):
        Store(tmp_path).get(FINGERPRINT)
    path.write_text(json.dumps(document | {"fingerprint": "cd" + "1" * 62}))
    with pytest.raises(InvalidArtifactError, match="another entry"):
        Store(tmp_path).get(FINGERPRINT)
    path.write_text("{")
    with pytest.raises(InvalidArtifactError, match=r"manifest\.json: Invalid JSON.*\n.*again"):
        Store(tmp_path).get(FINGERPRINT)


def test_staging_keeps_what_a_killed_process_left_but_not_its_output(tmp_path: Path) -> None:
    store = Store(tmp_path)
    staging = store.open_staging(FINGERPRINT)
    (staging / "checkpoint").write_text("step 3")
    (staging / "out" / "half").write_text("half")
    again = store.open_staging(FINGERPRINT)
    assert (again / "checkpoint").read_text() == "step 3"
    assert list((again / "out").iterdir()) == []


def test_failures_are_told_until_the_entry_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record_failure(FINGERPRINT, "nli", "no disk space left")
    (failure,) = store.failures()
    assert (failure.title, failure.message) == ("nli", "no disk space left")
    put(store)
    assert store.failures() == []


def test_a_failure_is_not_told_of_an_entry_that_came_in_another_way(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    manifest = put(other)
    store.record_failure(FINGERPRINT, "nli", "no disk space left")
    assert store.adopt(other.path(FINGERPRINT), manifest)
    assert not (store.staging(FINGERPRINT) / "failure.json").exists()
    store.record_failure(FINGERPRINT, "nli", "the costs could not be written")
    assert store.failures() == []
    store.remove(FINGERPRINT)
    assert [failure.title for failure in store.failures()] == ["nli"]


def _count_up(root: Path, counter: Path) -> None:
    store = Store(root)
    with store.lock(FINGERPRINT):
        if store.get(FINGERPRINT) is None:
            counter.write_text(str(int(counter.read_text()) + 1))
            put(store)


def test_processes_that_share_a_store_compute_an_entry_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_count_up, args=(tmp_path / "store", counter)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counter.read_text() == "1"


def test_a_held_lock_is_seen(tmp_path: Path) -> None:
    with (
        Store(tmp_path).lock(FINGERPRINT),
        Store(tmp_path).lock(FINGERPRINT, blocking=False) as got,
    ):
        assert not got
    with Store(tmp_path).lock(FINGERPRINT, blocking=False) as got:
        assert got


def test_a_long_wait_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "FIRST", 0.01)
    lines: list[str] = []
    with ExitStack() as held:
        held.enter_context(Store(tmp_path).lock(FINGERPRINT))

        def say(line: str) -> None:
            lines.append(line)
            held.close()

        with Store(tmp_path).lock(FINGERPRINT, say=say) as got:
            assert got
    (line,) = lines
    assert f".locks/{FINGERPRINT}.lock" in line
