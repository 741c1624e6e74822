"""A step on a worker that has a work folder of its own: all see the result that was first."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.away import ensure_away
from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.measures import Measure, read_measures, write_measures
from adapterxlt.sharing.cache import Remotes
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from tests.sharing.test_checkpoints import write

NAME = "weights.txt"
SCORES = "scores/direct/pawsx"


class Work:
    """Stands in for the steps' own functions: a training writes 1, a cell what it reads."""

    def __init__(self) -> None:
        self.faster: tuple[Store, str] | None = None

    def __call__(self, planned: PlannedStep, context: Context, staging: Path) -> None:
        out = staging / "out"
        if planned.step.kind == "evaluate":
            found = float((context.artifact("direct") / NAME).read_text())
            write_measures(out, [Measure("en", "dev", "accuracy", True, found, 4)])
            return
        (out / NAME).write_text("1.0")
        if self.faster:  # another run, which ends before this one
            store, url = self.faster
            keep(store, planned, 2.0)
            Exchange(url, Silent()).push(planned.fingerprint, store)


def keep(store: Store, planned: PlannedStep, told: float) -> None:
    """Have a store hold a result of a training."""
    address, kind = planned.fingerprint, planned.step.kind
    (store.open_staging(address) / "out" / NAME).write_text(str(told))
    store.commit(address, kind=kind, title="direct", recipe="r", parts=planned.parts, lineage={})


def told(store: Store, planned: PlannedStep) -> float:
    return float((store.path(planned.fingerprint) / NAME).read_text())


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    found = Work()
    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: found)
    return found


@pytest.fixture
def context(tmp_path: Path, tiny_backbone: Path) -> Context:
    """Of a worker, with a store of its own."""
    (tmp_path / "data/pawsx").mkdir(parents=True)
    for name in ("train", "dev"):
        (tmp_path / f"data/pawsx/{name}-en.tsv").write_text("a dog\tone dog\t1\n" * 2)
    path = tmp_path / "r.yaml"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: data\nstages:\n  direct: {{train: pawsx}}\n"
        "  scores: {evaluate: direct, on: pawsx, languages: en}\n"
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    store = Store(tmp_path / "own/store")
    plan = make_plan(loaded.recipe, store, sources)
    return Context(loaded.recipe, plan, store, sources, Silent())


@pytest.fixture
def remote(tmp_path: Path) -> Exchange:
    return Exchange(str(tmp_path / "remote"), Silent())


def test_the_result_of_a_faster_run_stays(
    work: Work, context: Context, remote: Exchange, tmp_path: Path
) -> None:
    direct, scores = map(context.plan.by_id, ("direct", SCORES))
    work.faster = Store(tmp_path / "other"), remote.url
    assert ensure_away(direct, context, remote)
    assert told(context.store, direct) == 2.0
    assert ensure_away(scores, context, remote)
    (measure,) = read_measures(context.store.path(scores.fingerprint))
    assert measure.value == 2.0


def test_what_a_worker_has_of_its_own_gives_way(
    work: Work, context: Context, remote: Exchange, tmp_path: Path
) -> None:
    direct, scores = map(context.plan.by_id, ("direct", SCORES))
    keep(context.store, direct, 1.0)
    keep(other := Store(tmp_path / "other"), direct, 2.0)
    remote.push(direct.fingerprint, other)
    assert ensure_away(scores, context, remote)
    (measure,) = read_measures(context.store.path(scores.fingerprint))
    assert measure.value == 2.0


def test_what_a_worker_has_of_its_own_replaces_what_is_damaged(
    work: Work, context: Context, remote: Exchange, tmp_path: Path
) -> None:
    direct = context.plan.by_id("direct")
    keep(context.store, direct, 1.0)
    remote.push(direct.fingerprint, context.store)
    (tmp_path / "remote/entries" / direct.fingerprint / MANIFEST_NAME).write_text("{}")
    assert not ensure_away(direct, context, remote)
    assert told(context.store, direct) == 1.0
    assert Exchange(remote.url, Silent()).pull(direct.fingerprint, Store(tmp_path / "other"))


def test_the_result_of_a_faster_run_stays_in_a_run_on_this_machine_too(
    work: Work, context: Context, remote: Exchange, tmp_path: Path
) -> None:
    work.faster = Store(tmp_path / "other"), remote.url
    result = run_recipe(
        context.recipe,
        workdir=tmp_path / "work",
        sources=context.sources,
        remotes=Remotes((), remote.url),
    )
    assert [row.value for row in result.rows] == [2.0]
    assert told(Store(tmp_path / "work/store"), context.plan.by_id("direct")) == 2.0


def test_another_node_continues_from_the_checkpoint_of_one_that_died(
    monkeypatch: pytest.MonkeyPatch, context: Context, remote: Exchange, tmp_path: Path
) -> None:
    direct = context.plan.by_id("direct")
    begun: list[list[str]] = []

    def train(planned: PlannedStep, context: Context, staging: Path) -> None:
        root = staging / "checkpoints"
        begun.append([path.name for path in root.glob("step-*")])
        if not begun[-1]:
            write(root, 2)
            deadline = time.monotonic() + 600
            while not list((tmp_path / "remote/checkpoints").glob("*/step-*/state.json")):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            raise AdapterXLTError("the node died")
        (staging / "out" / NAME).write_text("1.0")

    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: train)
    monkeypatch.setattr("adapterxlt.sharing.checkpoints.EVERY", 0.01)
    with pytest.raises(AdapterXLTError, match="the node died"):
        ensure_away(direct, context, remote)
    elsewhere = replace(context, store=Store(tmp_path / "elsewhere"))
    assert ensure_away(direct, elsewhere, remote)
    assert begun == [[], ["step-00000002"]]
    assert remote.has(direct.fingerprint)
    assert not list((tmp_path / "remote/checkpoints").iterdir()), "they are removed in the end"
