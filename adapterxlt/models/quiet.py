"""Hides what the libraries print while they load; problems are reported as exceptions."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging as _logging

transformers_logging: Any = _logging  # it is untyped


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers and adapters below ERROR, and transformers' loading bars."""
    adapters_logger = logging.getLogger("adapters")
    before = transformers_logging.get_verbosity(), adapters_logger.level
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    adapters_logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before[0])
        adapters_logger.setLevel(before[1])
        if bars:
            transformers_logging.enable_progress_bar()
