"""What SLURM is told of a stage; clusters are in tests/scenarios/executors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.slurm_commands import parameters
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context

pytest.importorskip("submitit", reason="submitit is not installed")


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


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"^--slurm partitoin=...: is not a setting"):
        slurm.make(Options(settings={"partitoin": "main"}))


def test_an_address_with_a_password_is_not_written_where_others_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    context = SimpleNamespace(exchange=Exchange("sftp://me:secret@host/store", Silent()))
    with pytest.raises(UsageError, match=r"^store.remotes: sftp://me:\*\*\*@host/store: jobs of"):
        slurm.make(Options()).check(cast(Context, context))
