"""What a job does for one step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from adapterxlt import interrupt
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm.task import Task
from adapterxlt.execution.worker import Worker

SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What happens; submitit's handlers are in place, and are put back."""
    order: list[str] = []
    monkeypatch.setattr(interrupt, "_asked", 0)
    monkeypatch.setattr(interrupt, "_late", None)
    before = [signal.signal(number, lambda *_: order.append("requeued")) for number in SIGNALS]
    yield order
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


def carry_out(order: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, told: int) -> Path:
    """Have a job train; SLURM tells it to end within a step. Returns the job's answer."""

    def train(worker: Worker, step_id: str, log: IO[str]) -> Ended:
        with interrupt.ending_steps():
            signal.raise_signal(told)
            order.append("the step ends")
            if interrupt.wanted():
                order.append("checkpoint")
                interrupt.stop()
        return Ended(step_id)

    monkeypatch.setattr(Worker, "carry_out", train)
    answer = folder / "answer.json"
    Task(str(folder / "job.json"), "nli", str(folder / "log"), str(answer), "")()
    return answer


def test_a_preempted_job_ends_its_training_step_before_it_is_requeued(
    order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = carry_out(order, tmp_path, monkeypatch, signal.SIGUSR2)
    assert order == ["the step ends", "checkpoint", "requeued"]
    assert answer.is_file()


def test_a_job_that_slurm_ends_leaves_a_checkpoint_and_no_answer(
    order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        carry_out(order, tmp_path, monkeypatch, signal.SIGTERM)
    assert order == ["the step ends", "checkpoint"]
    assert not (tmp_path / "answer.json").exists()
