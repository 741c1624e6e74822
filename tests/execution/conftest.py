from tests.carrying_out import at_start

__all__ = ["at_start"]
