"""`adapterxlt status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.execution.board import new_board
from adapterxlt.plan.memory import remember
from adapterxlt.store.files import address_of
from adapterxlt.store.store import Store
from tests.store.checkpoints import begin

DONE, FAILED = "a" * 64, "b" * 64


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A work folder with one finished step and one that failed."""
    store = Store(tmp_path / "store")
    (store.open_staging(DONE) / "out" / "weights").write_bytes(bytes(2_500))
    store.commit(DONE, kind="train", title="nli", recipe="r", parts={}, lineage={})
    store.open_staging(FAILED)
    store.record_failure(FAILED, "after_nli", "no disk space left")
    return tmp_path


def test_what_ran_and_what_failed(workdir: Path) -> None:
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert ["nli", "train", "r", "2.5", "kB", DONE[:12]] in lines
    assert result.stdout.splitlines()[-1] == "failed: after_nli: no disk space left"
    assert f"{workdir}: 1 done, 1 failed" in result.stdout


def test_recipes_that_share_a_step(workdir: Path) -> None:
    store = Store(workdir / "store")
    parts: dict[str, object] = {"kind": "train"}
    address = address_of(parts)
    (store.open_staging(address) / "out" / "weights").write_bytes(b"1")
    store.commit(address, kind="train", title="qa", recipe="r", parts=parts, lineage={})
    for recipe in ("r", "s"):
        remember(store, recipe, "1", {"qa": parts}, [])
    store.record_failure(FAILED, "after_nli", "no disk space left", recipe="s")
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    assert ["qa", "train", "r,", "s"] in [line.split()[:4] for line in result.stdout.splitlines()]
    assert result.stdout.splitlines()[-1] == "failed: after_nli of s: no disk space left"
    document = json.loads(CliRunner().invoke(cli, ["status", str(workdir), "--json"]).stdout)
    shared = [{"recipe": name, "recipe_id": "1"} for name in ("r", "s")]
    assert [one.get("recipes") for one in document["done"]] == [None, shared]
    assert document["failed"][0]["recipe"] == "s"
    remember(store, "r", "2", {"other": {"kind": "merge"}}, [])
    store_of = parts | {"params": {}}
    remember(store, "r", "3", {"qa": store_of}, [])
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    assert "r, s" in result.stdout  # of all that have entries
    (store.open_staging(address_of(store_of)) / "out" / "weights").write_bytes(b"2")
    store.commit(
        address_of(store_of), kind="train", title="qa", recipe="r", parts=store_of, lineage={}
    )
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert sum(line.startswith("qa train r [1], s") for line in lines) == 1
    assert sum(line.startswith("qa train r [3] ") for line in lines) == 1


def test_json(workdir: Path) -> None:
    result = CliRunner().invoke(cli, ["status", str(workdir), "--json"])
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert document["done"] == [
        {"title": "nli", "kind": "train", "recipe": "r", "fingerprint": DONE, "bytes": 2500}
    ]
    assert [failure["message"] for failure in document["failed"]] == ["no disk space left"]
    assert document["run"] is None


def test_json_says_whether_the_newest_run_was_stopped(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> object:
        result = CliRunner().invoke(cli, ["status", str(workdir), "--json"])
        return json.loads(result.stdout)["run"]

    steps = [("nli", []), ("after", ["nli"]), ("old", []), ("bad", [])]
    board = new_board(workdir / "logs/r-1", "r", "local", steps)
    board.mark("nli", "running")
    board.mark("old", "there")
    board.mark("bad", "failed")
    board.write()
    steps_now = {"reused": 1, "running": 1, "waiting": 1, "failed": 1}
    assert run() == {"recipe": "r", "state": "running", "steps": steps_now}
    stopped = {"reused": 1, "failed": 1, "not_done": 2}
    with monkeypatch.context() as patch:
        patch.setattr("adapterxlt.execution.board.os.kill", gone)
        assert run() == {"recipe": "r", "state": "stopped", "steps": stopped}
    board.close()
    assert run() == {"recipe": "r", "state": "stopped", "steps": stopped}
    board.mark("nli", "done")
    board.mark("after", "skipped")
    board.write()
    ended = {"done": 1, "reused": 1, "failed": 1, "skipped": 1}
    assert run() == {"recipe": "r", "state": "over", "steps": ended}
    (workdir / "logs/r-1/state.json").write_text("{")
    assert run() is None


def gone(pid: int, signal: int) -> None:
    raise ProcessLookupError


def test_what_cannot_be_read_is_said(workdir: Path) -> None:
    (workdir / "store" / DONE[:2] / DONE / "manifest.json").write_text("{")
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    assert result.exit_code == 0
    assert f"{workdir}: 0 done, 1 failed" in result.stdout
    assert f"damaged: {workdir / 'store' / DONE[:2] / DONE / 'manifest.json'}: " in result.stdout
    document = json.loads(CliRunner().invoke(cli, ["status", str(workdir), "--json"]).stdout)
    assert len(document["damaged"]) == 1


def test_which_epoch_was_kept(workdir: Path) -> None:
    metrics = {"dev": {"kept": 2, "epochs": [{}, {}, {}]}}
    best = "c" * 64
    store = Store(workdir / "store")
    (store.open_staging(best) / "out" / "metrics.json").write_text(json.dumps(metrics))
    store.commit(best, kind="train", title="pos", recipe="r", parts={}, lineage={})
    lines = CliRunner().invoke(cli, ["status", str(workdir)]).stdout.splitlines()
    assert ["pos", "train", "epoch", "2", "of", "3"] in [line.split()[:6] for line in lines]
    done = json.loads(CliRunner().invoke(cli, ["status", str(workdir), "--json"]).stdout)["done"]
    assert [(one["title"], one.get("kept_epoch"), one.get("epochs")) for one in done] == [
        ("nli", None, None),
        ("pos", 2, 3),
    ]


def test_workdir_from_the_environment(workdir: Path) -> None:
    result = CliRunner().invoke(cli, ["status"], env={"ADAPTERXLT_WORKDIR": str(workdir)})
    assert f"{workdir}: 1 done" in result.stdout


def test_a_work_folder_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["status", str(tmp_path / "rnus")])
    assert result.exit_code == 2
    assert "this work folder does not exist" in result.stderr


def test_a_stopped_training_says_from_where_it_goes_on(workdir: Path) -> None:
    store, parts = Store(workdir / "store"), {"kind": "train", "params": {"seed": 1}}
    remember(store, "r", "1", {"long": parts}, [])
    remember(store, "r", "2", {"long": parts, "other": {"kind": "merge"}}, [])
    address = address_of(parts)
    begin(store.open_staging(address), 40, 200)
    result = CliRunner().invoke(cli, ["status", str(workdir)])
    assert result.stdout.splitlines().count("long of r: to do, from step 40 of 200") == 1
    document = json.loads(CliRunner().invoke(cli, ["status", str(workdir), "--json"]).stdout)
    told = {"title": "long", "recipe": "r", "fingerprint": address, "step": 40, "steps": 200}
    assert document["begun"] == [told]
