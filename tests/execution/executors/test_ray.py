"""Which work folder a step of a Ray process works in. No cluster is needed for that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from adapterxlt.execution.away import WORKER_DIR
from adapterxlt.execution.executors import ray as executor
from adapterxlt.execution.executors.executor import Ended, Work
from adapterxlt.execution.executors.ray import Ray, _carry_out, _Order
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.store.cache_folder import CACHE


class Made:
    """Stands for a worker; says how it was made."""

    def __init__(
        self, document: Path, home: Path | None = None, exchange: Exchange | None = None
    ) -> None:
        self.where = document, home, exchange.url if exchange else ""

    def carry_out(self, step: str, log: IO[str]) -> Ended:
        document, home, url = map(str, self.where)
        return Ended(step, beside={"document": document, "home": home, "url": url})


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Order:
    """Of a run whose document is seen, if only because this machine ran the same recipe before."""
    monkeypatch.setattr(executor, "Worker", Made)
    monkeypatch.setattr(executor, "_workers", {})
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(WORKER_DIR, raising=False)
    folder = tmp_path / "work/logs/r-1"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{}")
    url = str(tmp_path / "remote")
    return _Order(folder / "job.json", "a", folder / "a.log", url, folder / ".seen-1")


def carried_out(order: _Order) -> Any:
    return SimpleNamespace(**_carry_out(order, "{}", pieces=None)["beside"])


def test_a_machine_with_files_of_an_earlier_run_works_in_a_folder_of_its_own(
    order: _Order, tmp_path: Path
) -> None:
    found = carried_out(order)
    own = tmp_path / "cache/worker"
    assert (found.home, found.url) == (str(own), order.url)
    assert found.document == str(own / "logs/r-1/job.json")
    assert Path(found.document).read_text() == "{}"


def test_a_machine_that_sees_the_token_of_this_run_works_in_its_folder(order: _Order) -> None:
    order.token.touch()
    found = carried_out(order)
    assert (found.document, found.home, found.url) == (str(order.document), "None", "")


class Cluster:
    """Stands for the package ray; keeps the orders."""

    def __init__(self) -> None:
        self.orders: list[_Order] = []
        self.ended: list[str] = []

    def nodes(self) -> list[Any]:
        return []

    def __getattr__(self, name: str) -> Any:  # of what is only called
        return lambda *arguments, **more: self

    def remote(self, *arguments: Any, **more: Any) -> Any:
        if more:  # of a function, with options
            return self.remote
        if isinstance(arguments[0], _Order):
            self.orders.append(arguments[0])
            return "a reference"
        return SimpleNamespace(options=lambda **more: self)

    def cancel(self, reference: str, force: bool = False) -> None:
        self.ended.append(f"{'kill' if force else 'cancel'} {reference}")

    def wait(self, references: list[str], num_returns: int, timeout: float) -> None:
        self.ended.append(f"wait for {num_returns}")

    def put(self, text: str) -> str:
        return text


@pytest.fixture
def work(tmp_path: Path) -> Work:
    context: Any = SimpleNamespace(
        exchange=None,
        device="cpu",
        recipe=SimpleNamespace(resources_of=lambda stage: Resources()),
        progress=Silent(),
    )
    (tmp_path / "job.json").write_text("{}")
    return Work(context, tmp_path, tmp_path / "job.json", began=print, note=print)


STEP: Any = SimpleNamespace(step=SimpleNamespace(id="a", stage="a"))


def test_a_run_that_stops_lets_trainings_write_checkpoints(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster()
    monkeypatch.setattr(executor, "_ray", lambda: cluster)
    ray = Ray("")
    ray.start(work)
    ray.submit([STEP])
    ray.stop()
    assert cluster.ended == ["cancel a reference", "wait for 1", "kill a reference"]


def test_each_run_has_a_token_while_it_lasts(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = []
    for _ in range(2):
        cluster = Cluster()
        monkeypatch.setattr(executor, "_ray", lambda cluster=cluster: cluster)
        ray = Ray("")
        ray.start(work)
        ray.submit([STEP])
        (order,) = cluster.orders
        assert order.token.is_file()
        tokens.append(order.token)
        ray._out.clear()
        ray.stop()
        assert not order.token.exists()
    assert len(set(tokens)) == 2
