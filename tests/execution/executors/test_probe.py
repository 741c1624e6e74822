"""A machine is asked before any work whether it can do its part, and says why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.execution.away import WORKER_DIR
from adapterxlt.execution.executors.probe import Answer, Question, answer, question
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store


@pytest.fixture
def context(tmp_path: Path, tiny_backbone: Path) -> Context:
    shutil.copytree(tiny_backbone, tmp_path / "backbone")
    for name in ("train", "dev"):
        (tmp_path / "data/pawsx").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"data/pawsx/{name}-en.tsv").write_text("a dog\tone dog\t1\n" * 2)
    path = tmp_path / "r.yaml"
    path.write_text("name: r\nbackbone: backbone\ndata: data\nstages: {a: {train: pawsx}}\n")
    backbone = resolve_backbone("backbone", tmp_path)
    loaded = load_recipe(path, find_backbone=lambda *_: backbone, look=True)
    sources = resolve_sources(loaded.recipe, loaded.base, backbone, loaded.used)
    store = Store(tmp_path / "work/store")
    plan = make_plan(loaded.recipe, store, sources)
    return Context(loaded.recipe, plan, store, sources, Silent())


def ask(context: Context, **changes: object) -> Answer:
    with question(context) as asked:
        found = answer(replace(asked, **changes))  # type: ignore[arg-type]
    assert not list((context.store.root).iterdir()), "the token is removed"
    return found


def test_a_machine_that_sees_all(context: Context) -> None:
    said = ask(context)
    assert (said.problem, said.hint) == ("", "")
    assert said.versions["adapterxlt"]


def test_a_machine_without_the_backbone(context: Context, tmp_path: Path) -> None:
    with question(context) as asked:
        assert asked.needed == [tmp_path / "backbone", tmp_path / "data"]
        shutil.rmtree(tmp_path / "backbone")
        assert answer(asked).problem == f"does not see {tmp_path}/backbone"


def test_a_machine_without_the_work_folder_needs_a_remote(context: Context, tmp_path: Path) -> None:
    said = ask(context, token=tmp_path / "elsewhere/work/store/.seen-1")
    assert said.problem == f"does not see {tmp_path}/elsewhere/work/store"
    assert "write: true" in said.hint


def away(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine works in a folder of its own."""
    monkeypatch.setenv(WORKER_DIR, str(tmp_path / "own"))
    context.exchange = Exchange(str(tmp_path / "remote"), Silent())


def test_a_machine_with_a_folder_of_its_own(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(context, tmp_path, monkeypatch)
    assert ask(context).problem == ""
    assert not list((tmp_path / "own").glob("tmp*"))
    assert not list((tmp_path / "remote/entries").glob("probe*"))

    said = ask(context, url=str(tmp_path / "other"))
    assert said.problem.endswith(f"{tmp_path}/other is another place there")
    (tmp_path / "own").rename(tmp_path / "before")
    (tmp_path / "own").write_text("")
    assert "File exists" in ask(context).problem


def test_a_machine_with_other_data_or_another_backbone(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(context, tmp_path, monkeypatch)
    data, config = tmp_path / "data/pawsx/train-en.tsv", tmp_path / "backbone/config.json"
    kept = data.read_text()
    data.write_text("a cat\tone dog\t1\n" * 2)
    assert "a has a different fingerprint on this worker" in ask(context).problem
    data.write_text(kept)
    assert ask(context).problem == ""
    config.write_text(json.dumps(json.loads(config.read_text()) | {"layer_norm_eps": 0.5}))
    assert "has another backbone in" in ask(context).problem


def test_what_is_asked_travels(context: Context) -> None:
    with question(context) as asked:
        assert isinstance(asked, Question)
        assert asked.token.exists()
    assert not asked.token.exists()
