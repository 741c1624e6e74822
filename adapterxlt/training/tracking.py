"""Logs a training through transformers' integrations, without any effect on it."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerCallback
from transformers.integrations.integration_utils import get_reporting_integration_callbacks

from adapterxlt.errors import AdapterXLTError
from adapterxlt.trackers import Tracking
from adapterxlt.training.state import random_states, restore_states


class Tracker(TrainerCallback):
    """Passes a training's figures on to a tracker, without touching training's random numbers.

    If the tracker cannot begin, the stage stops before anything is trained. If it fails later,
    `warn` says so and training continues without it: the result does not depend on a tracker.

    Raises:
        AdapterXLTError: the tracker cannot begin.
    """

    def __init__(self, tracking: Tracking, warn: Callable[[str], None]) -> None:
        [kind] = get_reporting_integration_callbacks([tracking.name])
        self.name = tracking.name
        self.warn = warn
        self.places = _places(tracking.folder.parent)
        self.inner: Any = kind()
        self._open = False  # it has begun, and was not told of the end
        self._left_out = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._open = True
        try:
            self._aside(lambda: self.inner.on_train_begin(args, state, control, **kwargs))
        except Exception as error:
            raise AdapterXLTError(
                f"{self.name} cannot begin to log this training: {_said(error)}",
                hint="correct the settings of this tracker, or run without --log-to: the results "
                "are the same",
            ) from error

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._go_on(lambda: self.inner.on_log(args, state, control, **kwargs))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._go_on(lambda: self.inner.on_train_end(args, state, control, **kwargs))
        if self.name == "wandb":  # it keeps one run open per process; the next stage needs its own
            self._go_on(lambda: sys.modules["wandb"].finish())
        self._open = self._left_out

    def close(self) -> None:
        """End its run as failed, unless the training came to its end and told it so.

        A run that stays open would take in what the next stage of this process logs.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._aside(lambda: _FAILED[self.name](self.inner))
        except Exception as error:
            if not self._left_out:
                self.warn(f"warning: {self.name} may not have ended its run: {_said(error)}")

    def _go_on(self, act: Callable[[], object]) -> None:
        if self._left_out:
            return
        try:
            self._aside(act)
        except Exception as error:
            self._left_out = True
            self.warn(f"warning: {self.name} is left out from here on: {_said(error)}")

    def _aside(self, act: Callable[[], object]) -> None:
        kept, python, numpy = random_states(), random.getstate(), np.random.get_state()
        try:
            with _settings(self.places):
                act()
        finally:
            restore_states(kept)
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def tracked(tracking: Tracking | None, warn: Callable[[str], None]) -> Iterator[Tracker | None]:
    """Give the tracker of a training, and leave no run of it open however the training ends."""
    tracker = Tracker(tracking, warn) if tracking else None
    try:
        yield tracker
    finally:
        if tracker:
            tracker.close()


def _fail_wandb(inner: Any) -> None:
    if wandb := sys.modules.get("wandb"):
        wandb.finish(exit_code=1)


def _fail_mlflow(inner: Any) -> None:
    mlflow = sys.modules.get("mlflow")
    if mlflow and getattr(inner, "_auto_end_run", False) and mlflow.active_run():
        mlflow.end_run("FAILED")


def _fail_tensorboard(inner: Any) -> None:
    if writer := getattr(inner, "tb_writer", None):
        writer.close()


# Not by `on_train_end`, which may say that all went well, and upload the model.
_FAILED = {"wandb": _fail_wandb, "mlflow": _fail_mlflow, "tensorboard": _fail_tensorboard}


def _places(folder: Path) -> dict[str, str]:
    """Return where trackers write unless their own variables are set: in the work folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "WANDB_DIR": str(folder),
        "MLFLOW_TRACKING_URI": (folder / "mlruns").resolve().as_uri(),
        # Its databases need packages that mlflow-skinny does not install.
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }


@contextmanager
def _settings(values: Mapping[str, str]) -> Iterator[None]:
    """Set those environment variables that the user has not set, and unset them at the end."""
    own = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            os.environ.pop(name, None)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
