"""Runs steps as tasks of a Ray cluster. No torch.

Its nodes share the work folder. Otherwise each node has its own, and results go through a remote
that can be written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapterxlt import interrupt
from adapterxlt.errors import (
    AdapterXLTError,
    MissingDeviceError,
    MissingPackageError,
    UsageError,
)
from adapterxlt.execution.away import own_folder
from adapterxlt.execution.board import LOGS_FOLDER
from adapterxlt.execution.executors.executor import PATIENCE, WAITING, Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.probe import answer, question
from adapterxlt.execution.executors.ray_logs import Pieces, sending
from adapterxlt.execution.executors.ray_resources import (
    Nodes,
    fits,
    has_gpus,
    options_of,
    resources_in,
)
from adapterxlt.execution.worker import Worker, output_to
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.environment import environment, environment_changes
from adapterxlt.store.files import write_atomic

TRIES = 3  # attempts at a step whose process or node dies
_CLIENT_PORT = "10001"  # the port of Ray's client server; any other port is that of a head node
_LOOK = 1.0  # seconds between looks at what has begun

_workers: dict[Path, Worker] = {}  # kept in a Ray process, which runs one task after another


class Ray:
    """Hands all ready steps to Ray, which places, queues and retries them.

    Args:
        address: address of the cluster, `HOST:PORT`; "": use the cluster of this machine, or start
            a new one.
    """

    name = "ray"
    slots = 10_000
    elsewhere = True

    def __init__(self, address: str) -> None:
        self._address = address
        self._out: dict[Any, PlannedStep] = {}
        self._begun: set[str] = set()
        self._pieces: Any = None
        self._token: Path | None = None

    def check(self, context: Context) -> None:
        """Check that Ray can be reached, and that every node can do its part."""
        ray = _ray()
        client = self._address.endswith(f":{_CLIENT_PORT}")
        address = f"ray://{self._address}" if client else self._address or None
        more = {} if client else {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            ray.init(address=address, ignore_reinit_error=True, **more)
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            raise UsageError(
                f"--on ray://{self._address}: cannot connect to a Ray cluster: {error}",
                hint="check it with `ray status`, or start one with `ray start --head`",
            ) from error
        try:
            _check_nodes(ray, context)
            _check_resources(ray, context)
        except BaseException:
            ray.shutdown()
            raise

    def start(self, work: Work) -> None:
        self._work = work
        ray = _ray()
        exchange = work.context.exchange
        self._task = ray.remote(_carry_out)
        self._gpu_task = ray.remote(max_calls=1)(_carry_out)  # see `options_of`
        self._nodes = _nodes(ray)
        self._url = exchange.url if exchange else ""
        self._job = ray.put(work.document.read_text(encoding="utf-8"))
        self._pieces = _keeper(ray) if exchange else None
        self._token = work.folder / f".seen-{uuid4().hex}"
        self._token.parent.mkdir(parents=True, exist_ok=True)
        self._token.touch()

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        for planned in steps:
            log = self._work.log(planned.step.id)
            log.unlink(missing_ok=True)  # the step has begun when the log begins
            wanted = _wanted(self._work.context, planned, self._nodes)
            function = self._gpu_task if wanted.gpus else self._task
            task = function.options(max_retries=TRIES - 1, **options_of(wanted, self._nodes))
            assert self._token is not None
            order = _Order(self._work.document, planned.step.id, log, self._url, self._token)
            ref = task.remote(order, self._job, self._pieces)
            self._out[ref] = planned

    def wait(self) -> Sequence[Ended]:
        ray = _ray()
        while True:
            over, _ = ray.wait(list(self._out), num_returns=1, timeout=_LOOK)
            self._see_begun()
            if over:
                return [self._ended(ref) for ref in over]

    def stop(self) -> None:
        ray = _ray()
        try:
            self._let_end(ray)
        finally:
            self._end_all(ray)

    def _let_end(self, ray: Any) -> None:
        """Let trainings write checkpoints, for a while."""
        for ref in self._out:
            ray.cancel(ref)
        if self._out:
            self._work.context.progress.log(WAITING)
            ray.wait(list(self._out), num_returns=len(self._out), timeout=PATIENCE)

    def _end_all(self, ray: Any) -> None:
        for ref in self._out:
            ray.cancel(ref, force=True)
        self._out.clear()
        self._take_logs()
        ray.shutdown()
        if self._token is not None:
            self._token.unlink(missing_ok=True)

    def _ended(self, ref: Any) -> Ended:
        ray, planned = _ray(), self._out.pop(ref)
        try:
            return Ended(**ray.get(ref))
        except ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else ""
            return Ended(
                planned.step.id,
                error=f"Ray gave up after {TRIES} attempts: {type(error).__name__}: {first}",
            )

    def _take_logs(self) -> None:
        """Write the pieces of logs that workers without the run's work folder have sent."""
        ray = _ray()
        if self._pieces is None:
            return
        with suppress(ray.exceptions.RayError):  # its node is gone: some lines are lost
            for step_id, text in ray.get(self._pieces.take.remote()):
                log = self._work.log(step_id)
                log.parent.mkdir(parents=True, exist_ok=True)
                with log.open("a", encoding="utf-8") as out:
                    out.write(text)

    def _see_begun(self) -> None:
        self._take_logs()
        for planned in self._out.values():
            step_id = planned.step.id
            if step_id in self._begun:
                continue
            try:
                with self._work.log(step_id).open(encoding="utf-8") as log:
                    line = log.readline()
            except OSError:
                continue
            if line.endswith("\n"):
                self._begun.add(step_id)
                where = line.removeprefix(f"{step_id} on ").rsplit(", ", 1)[0]
                self._work.began(step_id, where)


def make(options: Options) -> Ray:
    """The executor of Ray, as the registry makes it.

    Raises:
        MissingPackageError: Ray is not installed.
    """
    _ray()
    return Ray(options.address)


def _ray() -> Any:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise MissingPackageError(
            "--on ray needs the package ray", hint='pip install "adapterxlt[ray]"'
        ) from None
    return ray


@dataclass(frozen=True)
class _Order:
    """What a Ray process is told; it may not see the files that the paths name."""

    document: Path
    step: str
    log: Path
    url: str  # the remote that can be written, "" for none
    token: Path  # only a process that sees it has the run's work folder, see `own_folder`


def _carry_out(order: _Order, job: str, pieces: Any) -> dict[str, Any]:
    """Carry out a step in a Ray process.

    Args:
        order: names the step.
        job: the text of `order.document`.
        pieces: the actor that takes pieces of logs; None if there is no remote.
    """
    home = own_folder(order.token, order.url)
    if home is None:
        worker = _worker(order.document, lambda: Worker(order.document))
        with output_to(order.log) as stream, interrupt.watching():
            return asdict(worker.carry_out(order.step, stream))
    folder = home / LOGS_FOLDER / order.document.parent.name
    document, log = folder / order.document.name, folder / order.log.name

    def away() -> Worker:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(document, job)
        return Worker(document, home, Exchange(order.url, Silent()))

    def send(text: str) -> None:
        ray = _ray()
        with suppress(ray.exceptions.RayError):  # its node is gone: some lines are lost
            ray.get(pieces.add.remote(order.step, text))  # the run must not look before it is there

    worker = _worker(document, away)
    with sending(log, send), output_to(log) as stream, interrupt.watching():
        return asdict(worker.carry_out(order.step, stream))


def _worker(document: Path, make: Callable[[], Worker]) -> Worker:
    """Return the worker of a run, which is kept for further steps."""
    if document not in _workers:
        _workers.clear()
        _workers[document] = make()
    return _workers[document]


def _on_node(node_id: str) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id, soft=False)


def _keeper(ray: Any) -> Any:
    """Start the actor that keeps pieces of logs, on the run's own node, or its client server's.

    Any other node could die before the run, and what it keeps would be lost.
    """
    here = _on_node(ray.get_runtime_context().get_node_id())
    options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
    return ray.remote(Pieces).options(**options).remote()


def _check_nodes(ray: Any, context: Context) -> None:
    """Check that every node can do its part; log the nodes that have different versions."""
    ask = ray.remote(answer)
    try:
        with question(context) as asked:
            refs = [
                ask.options(num_cpus=0, scheduling_strategy=_on_node(node["NodeID"])).remote(asked)
                for node in ray.nodes()
                if node["Alive"]
            ]
            answers = ray.get(refs)
    except ray.exceptions.RayError as error:
        raise AdapterXLTError(
            f"a node of the Ray cluster cannot work: {str(error).strip().splitlines()[-1]}",
            hint="install adapterxlt on every node, with the same versions",
        ) from error
    for said in answers:
        if said.problem:
            node = f"the node {said.where} of the Ray cluster"
            raise UsageError(f"{node} {said.problem}", hint=said.hint)
        if changed := environment_changes(environment(), said.versions):
            where = said.where
            context.progress.log(f"note: {where} has different versions: {', '.join(changed)}")


def _check_resources(ray: Any, context: Context) -> None:
    """Check that some node has what each unfinished stage asks for.

    Without such a node, Ray would wait for ever.
    """
    nodes = _nodes(ray)
    waiting = [planned for planned in context.plan.steps if planned.status != "done"]
    if waiting and context.device.startswith("cuda:") and has_gpus(nodes):
        raise UsageError(
            "--on ray: Ray chooses the GPU of each stage, so the device cannot be "
            f"`{context.device}`",
            hint="use --device cuda",
        )
    if waiting and context.device.startswith("cuda") and not has_gpus(nodes):
        raise MissingDeviceError(
            f"device `{context.device}` is not available: no node of the Ray cluster has a GPU",
            hint="use --device auto or cpu, or add a node with GPUs",
        )
    for planned in waiting:
        wanted = _wanted(context, planned, nodes)
        if not fits(wanted, nodes):
            raise UsageError(
                f"stages.{planned.step.stage}.resources: no node of the Ray cluster has "
                f"{wanted.cpus} CPUs, {wanted.gpus} GPUs"
                + (f", {wanted.memory} of memory" if wanted.memory else ""),
                hint="request less, or add a larger node; `gpus: 0` asks for no GPU",
            )


def _nodes(ray: Any) -> Nodes:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _wanted(context: Context, planned: PlannedStep, nodes: Nodes) -> Resources:
    wanted = context.recipe.resources_of(planned.step.stage)
    return resources_in(wanted, context.device, nodes)
