"""What SLURM is asked, and what jobs request from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.slurm.commands import check_taken, parameters
from adapterxlt.recipe.resources import Resources


def test_gpus_are_gres_unless_a_setting_says_otherwise() -> None:
    wanted = Resources(gpus=2, memory="1GB")
    found = parameters(wanted, {"partition": "gpu", "time": "1:00:00", "account": "mine"})
    assert found == {
        "partition": "gpu",
        "time": "1:00:00",
        "cpus_per_task": 1,
        "mem": "954M",
        "additional_parameters": {"account": "mine", "gres": "gpu:2", "requeue": True},
    }
    own = parameters(wanted, {"gres": "gpu:a100:1"})
    assert own["additional_parameters"] == {"gres": "gpu:a100:1", "requeue": True}
    bare = parameters(Resources(), {})
    assert "gres" not in bare["additional_parameters"]
    assert bare["time"] is None, "what the partition gives"


def test_a_limit_of_jobs_at_a_time_does_not_keep_a_run_from_following_its_jobs(
    cluster: Path,
) -> None:
    (cluster / "test").write_text("sbatch: error: QOSMaxSubmitJobPerUserLimit\n")
    check_taken(Resources(), {}, "stages.a")
    (cluster / "test").write_text("sbatch: error: Invalid qos specification\n")
    with pytest.raises(UsageError, match=r"^stages.a: SLURM would not take this job .*Invalid qos"):
        check_taken(Resources(), {}, "stages.a")
