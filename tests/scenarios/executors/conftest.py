from tests.carrying_out import kill, run

__all__ = ["kill", "run"]
