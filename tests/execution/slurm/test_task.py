"""What a job does for one step."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import IO

import pytest

from adapterxlt import interrupt
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm.task import Task
from adapterxlt.execution.worker import Worker


def test_a_preempted_job_ends_its_training_step_before_it_is_requeued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(interrupt, "_asked", 0)
    monkeypatch.setattr(interrupt, "_late", None)

    def carry_out(worker: Worker, step_id: str, log: IO[str]) -> Ended:
        with interrupt.ending_steps():
            signal.raise_signal(signal.SIGUSR2)
            order.append("the step ends")
            if interrupt.wanted():
                order.append("checkpoint")
                interrupt.stop()
        return Ended(step_id)

    monkeypatch.setattr(Worker, "carry_out", carry_out)
    before = signal.signal(signal.SIGUSR2, lambda *_: order.append("requeued"))  # by submitit
    try:
        answer = tmp_path / "answer.json"
        Task(str(tmp_path / "job.json"), "nli", str(tmp_path / "log"), str(answer), "")()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert order == ["the step ends", "checkpoint", "requeued"]
    assert answer.is_file()
