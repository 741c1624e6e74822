from tests.carrying_out import at_start, kill, run

__all__ = ["at_start", "kill", "run"]
