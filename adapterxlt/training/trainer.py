"""The one Trainer subclass, for adapters and full fine-tunes.

transformers' Trainer runs the loop; accelerate handles precision and device. This class overrides
the data (one item a step, see `steps`), the step (losses add up to that of one big batch), and
everything about checkpoints (never pickle). `AdapterTrainer` is not used: it saves pickles,
forgets an unfrozen backbone, and cannot resume fusions exactly.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from adapterxlt import interrupt
from adapterxlt.devices import moved
from adapterxlt.errors import AdapterXLTError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.progress import Bar
from adapterxlt.store.checkpoints import TENSORS_FILE, write_checkpoint
from adapterxlt.token_budget import Budget, cut, is_out_of_memory
from adapterxlt.training.best_epoch import BestEpoch
from adapterxlt.training.losses import fusion_penalty
from adapterxlt.training.ranks import ALONE, Ranks
from adapterxlt.training.state import (
    collect_json,
    collect_tensors,
    random_states,
    restore_model,
    restore_optimizer,
    restore_random,
    restore_states,
)
from adapterxlt.training.steps import StepData, StepSequence

# Reading a loss back from a GPU makes the GPU wait, so it is done only every few steps.
READ_EVERY = 10
MODEL_INPUTS = ("input_ids", "attention_mask", "masked")


class StepTrainer(Trainer):
    """Trains on a `StepSequence`, reports to a progress bar and writes checkpoints.

    Args:
        model: in training mode, with exactly the tensors to train requiring gradients.
        args: see `train`.
        steps: the data of all steps; each says which head it trains.
        bar: the progress bar, advanced by one per step.
        checkpoint_every: optimizer steps between checkpoints.
        identity: JSON data; only a checkpoint with equal data is resumed.
        best: scores every epoch and keeps the best one's weights; None: the last weights stay.
        undecayed: names of tensors without weight decay, because only a part of each is trained.
        budget: the padded tokens that go through the model at a time.
        ranks: the processes that share each step.
        tracker: receives losses and scores.
        loss: takes the model and a piece, and returns the sum of the piece's losses; None: the
            kind of the step's task computes the loss.
        speak: called with the language of each step before the step.
    """

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments,
        *,
        steps: StepSequence,
        bar: Bar,
        checkpoint_every: int,
        identity: dict[str, Any],
        best: BestEpoch | None = None,
        undecayed: Collection[str] = (),
        budget: Budget,
        ranks: Ranks = ALONE,
        loss: Callable[[nn.Module, Any], Tensor] | None = None,
        tracker: TrainerCallback | None = None,
        speak: Callable[[str], None] = lambda language: None,
    ) -> None:
        self._speak = speak
        self.undecayed = undecayed
        self._loss = loss
        own = [_EveryStep(self), *filter(None, [tracker])]
        super().__init__(model=model, args=args, callbacks=own)
        callbacks: Any = self.callback_handler  # transformers gives it no type
        callbacks.remove_callback(PrinterCallback)
        self.steps = steps
        self.bar = bar
        self.checkpoint_every = checkpoint_every
        self.identity = identity
        self.best = best
        self.budget = budget
        self.ranks = ranks
        self.losses: list[float] = []
        self.examples = self.real_tokens = self.padded_tokens = 0
        self._unread: list[Tensor] = []
        self._kind = ""  # the kind of the task that the current step trains
        self._penalised = fusion_penalty(model) is not None
        self._started = time.perf_counter()
        self._examples_before = 0
        self._saved: dict[str, Tensor] = {}
        self._state: dict[str, Any] = {}

    def get_train_dataloader(self) -> DataLoader[StepData]:
        return DataLoader(self.steps, batch_size=1, shuffle=False, collate_fn=_only)

    def get_batch_samples(
        self, epoch_iterator: Any, num_batches: int, device: torch.device
    ) -> tuple[list[StepData], None]:
        return [next(epoch_iterator)], None

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """Return what transformers decays, without the parameters of orthogonal matrices.

        The diagonals of those are signs, 1 or -1, and torch truncates them to whole numbers. With
        any decay they would become 0, and LoReFT would have no effect.
        """
        names: list[str] = super().get_decay_parameter_names(model)
        return [
            name
            for name in names
            if ".parametrizations." not in name and name not in self.undecayed
        ]

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    def training_step(
        self, model: nn.Module, inputs: Any, num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Forward and backward over the pieces of one step; returns the step's mean loss."""
        step: StepData = inputs
        self._kind = step.kind
        self._speak(step.language)
        if step.head is not None:
            whole: Any = self.accelerator.unwrap_model(model)
            whole.active_head = step.head
        self.ranks.seed(self.steps.seed, self.state.global_step)
        random = random_states()
        while True:
            pieces = cut(step.batches, self.budget)
            try:
                total = self._add_gradients(model, step.count, pieces)
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if self._loss is not None:  # it needs all inputs of the step together
                    raise AdapterXLTError(
                        f"`{self.args.device}` has too little memory for this batch",
                        hint="lower batch_size, or choose a device with more memory",
                    ) from error
            # Only now, as the error holds what was computed so far. Some gradients of the step may
            # be there already, so the whole step is repeated.
            model.zero_grad()
            restore_states(random)
            most = max(pieces, key=lambda piece: piece["input_ids"].numel())["input_ids"]
            self.budget.halve(most.numel(), len(most), self.args.device)
        total = self.ranks.add_up(model, total)
        self._unread.append(total)
        self.examples += step.examples
        self.real_tokens += step.real_tokens
        self.padded_tokens += step.padded_tokens
        return total

    def _add_gradients(
        self, model: nn.Module, count: int, pieces: Sequence[Mapping[str, Tensor]]
    ) -> Tensor:
        """Forward and backward over pieces of a step; returns their share of its mean loss."""
        total = torch.zeros((), device=self.args.device)
        for index, piece in enumerate(pieces):
            batch = {key: moved(tensor, self.args.device) for key, tensor in piece.items()}
            with self._precision():
                loss = self.compute_loss(model, batch) / count
            total += loss.detach()
            if index == 0 and self._penalised and self.ranks.writes:
                penalty = fusion_penalty(model)
                if penalty is not None:
                    loss = loss + penalty
            self.accelerator.backward(loss)
        return total

    def _precision(self) -> Any:
        manager: Any = self.compute_loss_context_manager
        return manager()

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Sum of the losses of one piece."""
        if self._loss is not None:
            with self.accelerator.autocast():  # only a whole forward pass enters it by itself
                return self._loss(model, inputs)
        read = {key: inputs[key] for key in MODEL_INPUTS if key in inputs}
        outputs = model(**read)
        loss = get_kind(self._kind).workings.loss(outputs, inputs)
        return (loss, outputs) if return_outputs else loss

    def step_done(self) -> None:
        """Do what follows an optimizer step: read losses, advance the bar, score a finished epoch.

        A checkpoint is written when one is due, after scoring, which may take long, and if the
        training is to stop here. None is written after the last step.
        """
        step = self.state.global_step
        scores = self.best is not None and step in self.best.ends
        due = (scores or step % self.checkpoint_every == 0) and step < self.steps.total
        if due or len(self._unread) == READ_EVERY or step == self.steps.total:
            self._read_losses()
        self.bar.advance(1, self._note())
        if self.best is not None and scores:
            self.best.epoch_done(self._parts()[0], step)
            self._tell({"eval_score": self.best.epochs[-1].value})
        stop = interrupt.wanted() and step < self.steps.total
        if stop:
            self._read_losses()
        if (due or stop) and self.ranks.writes:
            self.write_checkpoint()
        if stop:
            interrupt.stop()

    def _read_losses(self) -> None:
        values = torch.stack(self._unread).tolist() if self._unread else []
        self._unread.clear()
        for value in values:
            if not math.isfinite(value):
                raise AdapterXLTError(
                    f"training diverged: the loss is {value} near step {self.state.global_step}",
                    hint="lower lr, raise warmup, or use precision fp32"
                    if self.args.bf16 or self.args.fp16
                    else "lower lr, or raise warmup",
                )
        self.losses.extend(values)
        if values:
            rate = self._parts()[1].param_groups[0]["lr"]
            self._tell({"loss": sum(values) / len(values), "learning_rate": rate})

    def _tell(self, figures: dict[str, float]) -> None:
        """Pass figures to the tracker, if there is one."""
        callbacks: Any = self.callback_handler
        callbacks.on_log(self.args, self.state, self.control, figures)

    def _note(self) -> str:
        seconds = max(time.perf_counter() - self._started, 1e-9)
        rate = (self.examples - self._examples_before) / seconds
        recent = self.losses[-2 * READ_EVERY :]
        if not recent:
            return f"{rate:.0f} ex/s"
        return f"loss {sum(recent) / len(recent):.3f}, {rate:.0f} ex/s"

    # ------------------------------------------------------------------ checkpoints

    def write_checkpoint(self) -> Path:
        """Write the whole state of the training as it is between two steps."""
        model, optimizer, scheduler = self._parts()
        state = {
            "identity": self.identity,
            "counts": [self.examples, self.real_tokens, self.padded_tokens],
            "losses": self.losses,
            "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,
            **collect_json(optimizer, scheduler),
        }
        if self.best is not None:
            state["epochs"] = self.best.state()

        def fill(folder: Path) -> None:
            found = collect_tensors(model, optimizer, self.args.device)
            if self.best is not None:
                found |= self.best.tensors()
            plain = {name: tensor.cpu().contiguous() for name, tensor in found.items()}
            save_file(plain, folder / TENSORS_FILE)
            self.state.save_to_json(os.fspath(folder / TRAINER_STATE_NAME))

        return write_checkpoint(
            Path(str(self.args.output_dir)), self.state.global_step, fill, state
        )

    def prepare_resume(self, folder: Path, state: dict[str, Any]) -> None:
        """Read a checkpoint; `train(resume_from_checkpoint=folder)` then continues from it."""
        self._saved = load_file(folder / TENSORS_FILE)
        self._state = state
        self.losses = list(state["losses"])
        self.examples, self.real_tokens, self.padded_tokens = state["counts"]
        self._examples_before = self.examples
        if self.best is not None:
            self.best.resume(self._saved, state["epochs"])

    def _parts(self) -> tuple[Any, Any, Any]:
        return self.model, self.optimizer, self.lr_scheduler

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        restore_model(self._parts()[0], self._saved)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            restore_optimizer(*self._parts(), self._saved, self._state)

    def _load_scaler(self, checkpoint: str | None) -> None:
        if checkpoint is not None and self.accelerator.scaler and self._state["scaler"]:
            self.accelerator.scaler.load_state_dict(self._state["scaler"])

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            restore_random(self._saved, self._state, self.args.device)
            self._saved = {}


class _EveryStep(TrainerCallback):
    """Tells the trainer that an optimizer step is done."""

    def __init__(self, trainer: StepTrainer) -> None:
        self.trainer = trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.trainer.step_done()


def _only(items: list[StepData]) -> StepData:
    return items[0]
