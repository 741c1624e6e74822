"""Arrays of jobs, as large as SLURM accepts."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from adapterxlt.execution.slurm.arrays import RefusedError, largest_array, submit_all
from tests.execution.slurm.cluster import known, started, steps


def test_arrays_are_as_large_as_slurm_accepts(cluster: Path, tmp_path: Path) -> None:
    assert largest_array() == 3, "MaxArraySize is one more than the last index"
    executor, _ = started(tmp_path)
    executor.submit(steps("a", "b", "c", "d", "e", "f", "g"))
    assert (cluster / "arrays").read_text().split() == ["3", "3", "1"]
    assert known(tmp_path)["f"] == "2_2"
    (tmp_path / "bin/scontrol").write_text("#!/bin/sh\nexit 1\n")
    assert largest_array() == 1000


def test_smaller_arrays_are_tried_only_if_there_are_too_many_jobs() -> None:
    tried: list[int] = []

    def array(step_ids: object, said: str = "Socket timed out") -> None:
        tried.append(len(cast(list[str], step_ids)))
        if sum(taken) + tried[-1] > 3:
            raise RefusedError(said)
        taken.append(tried[-1])

    taken: list[int] = []
    names = [str(number) for number in range(8)]
    error = submit_all(names, array, 100, 100)
    assert error is not None
    assert (error.said, tried) == ("Socket timed out", [8])
    tried.clear()
    error = submit_all(names, lambda ids: array(ids, "AssocMaxSubmitJobLimit"), 100, 100)
    assert error is not None
    assert (taken, tried) == ([2, 1], [8, 4, 2, 4, 2, 1, 2, 1])
