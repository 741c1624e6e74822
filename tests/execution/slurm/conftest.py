from tests.carrying_out import run
from tests.execution.slurm.cluster import cluster

__all__ = ["cluster", "run"]
