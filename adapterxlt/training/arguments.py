"""The settings of a recipe as transformers' Trainer and accelerate take them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from accelerate.state import AcceleratorState, PartialState
from transformers import TrainingArguments

from adapterxlt.devices import find_precision
from adapterxlt.recipe.schema import Training
from adapterxlt.trackers import Tracking
from adapterxlt.training.steps import StepSequence


@dataclass
class _Arguments(TrainingArguments):
    """The arguments of transformers, whose own class can only choose the first GPU."""

    place: str = "cpu"

    @cached_property
    def _setup_devices(self) -> torch.device:
        """The device that was chosen; transformers would begin to use the first GPU as well."""
        chosen = torch.device(self.place)
        os.environ.setdefault("ACCELERATE_USE_IPEX", "false")  # it would rewrite the model
        AcceleratorState._reset_state(reset_partial_state=True)
        self.distributed_state = PartialState(cpu=self.use_cpu)
        self.local_rank = self.distributed_state.local_process_index
        # With several GPUs transformers makes the model a DataParallel, copied in every step.
        self._n_gpu = 0 if self.use_cpu else 1
        if chosen.type == "cuda":
            torch.cuda.set_device(chosen)
        return chosen


def arguments_of(
    settings: Training,
    steps: StepSequence,
    folder: Path,
    device: torch.device,
    tracking: Tracking | None = None,
) -> TrainingArguments:
    """Return the arguments of one training.

    Args:
        folder: where its checkpoints are kept.
        tracking: where the training is logged; None: nowhere.

    Raises:
        MissingDeviceError: the device does not compute in the precision that is asked for.
    """
    precision = find_precision(settings.precision, device)
    # accelerate reads the device here; without this it would take the first GPU.
    os.environ["ACCELERATE_TORCH_DEVICE"] = str(device)
    # transformers leaves the precision of one training in this variable. In the same process
    # accelerate would then use it for the next training too.
    os.environ["ACCELERATE_MIXED_PRECISION"] = "no" if precision == "fp32" else precision
    warmup = settings.warmup_steps
    if warmup is None:
        warmup = round(settings.warmup * steps.total)
    return _Arguments(
        place=str(device),
        output_dir=str(folder),
        logging_dir=str(tracking.folder if tracking else folder),
        run_name=tracking.title if tracking else None,
        max_steps=steps.total,
        per_device_train_batch_size=1,  # one item is one step, however many examples it holds
        learning_rate=float(settings.lr or 0),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        lr_scheduler_type="linear",
        warmup_steps=warmup,
        seed=steps.seed,
        use_cpu=device.type == "cpu",
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
