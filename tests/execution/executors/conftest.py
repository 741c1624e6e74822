from tests.carrying_out import kill, run
from tests.execution.slurm.cluster import cluster

__all__ = ["cluster", "kill", "run"]
