"""Logs a training through transformers' integrations, without any effect on it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from transformers import TrainerCallback
from transformers.integrations.integration_utils import get_reporting_integration_callbacks

from adapterxlt.trackers import Tracking
from adapterxlt.training.state import random_states, restore_states


class Tracker(TrainerCallback):
    """Passes on what a tracker needs; random numbers that it draws are not those of training."""

    def __init__(self, tracking: Tracking) -> None:
        [kind] = get_reporting_integration_callbacks([tracking.name])
        self.name = tracking.name
        self.inner: Any = kind()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        _aside(lambda: self.inner.on_train_begin(args, state, control, **kwargs))

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        _aside(lambda: self.inner.on_log(args, state, control, **kwargs))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        _aside(lambda: self.inner.on_train_end(args, state, control, **kwargs))
        if self.name == "wandb":  # it keeps one run open a process, and the next stage is another
            _aside(lambda: sys.modules["wandb"].finish())


def _aside(act: Callable[[], object]) -> None:
    kept, python, numpy = random_states(), random.getstate(), np.random.get_state()
    try:
        act()
    finally:
        restore_states(kept)
        random.setstate(python)
        np.random.set_state(numpy)
