"""Trains a built model on features; resumes where an earlier, interrupted call stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import TrainingArguments, set_seed

from adapterxlt.batching.encode import Feature
from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.methods import default_epochs, default_lr
from adapterxlt.models.parts import Built
from adapterxlt.models.quiet import quiet
from adapterxlt.models.trainable import assert_trainable
from adapterxlt.progress import Progress
from adapterxlt.recipe.schema import Training
from adapterxlt.tasks.types import Kind
from adapterxlt.training.checkpoints import newest_checkpoint
from adapterxlt.training.steps import Steps
from adapterxlt.training.trainer import StepTrainer


@dataclass(frozen=True)
class TrainReport:
    """What a training did.

    Args:
        steps: optimizer steps.
        examples: features seen, repetitions included (a long input counts once a window).
        final_loss: mean loss of the last tenth of the steps.
        real_tokens, padded_tokens: tokens seen, without and with padding.
    """

    steps: int
    examples: int
    final_loss: float
    real_tokens: int
    padded_tokens: int


def train(
    built: Built,
    features: Sequence[Feature],
    kind: Kind,
    settings: Training,
    *,
    checkpoints: Path,
    progress: Progress,
    description: str = "train",
) -> TrainReport:
    """Train in place: AdamW, linear warm-up and decay, gradients clipped; ends in eval mode.

    If `checkpoints` holds a whole checkpoint of this training, it goes on from there, and on a
    CPU ends in the same bits as an unbroken run.

    Args:
        settings: None in `lr` or `epochs` means the method's default.
        checkpoints: folder of its own, which the caller removes once the result is safe.

    Raises:
        MissingDataError: there is nothing to train on.
        AdapterXLTError: training diverged, the disk is full, the precision is not to be had
            here, or the tensors that would train are not the ones that should.
    """
    spec = built.spec
    if spec is None:
        raise ValueError("a bare backbone is not trained")
    if not features:
        raise MissingDataError("there are no training examples")
    settings = resolve(settings, spec.method)
    assert_trainable(built.model, spec)
    pad_id = int(built.tokenizer.pad_token_id)
    steps = Steps(features, kind, settings, pad_id)
    identity = {
        "settings": settings.model_dump(exclude={"checkpoint_every"}),
        "model": spec.model_dump(by_alias=True, mode="json"),
        "features": len(features),
    }
    checkpoints.mkdir(parents=True, exist_ok=True)
    found = newest_checkpoint(checkpoints)
    if found and found[1]["identity"] != identity:
        progress.log("a checkpoint of other settings is ignored")
        found = None
    done = int(found[1]["step"]) if found else 0
    if found:
        progress.log(f"resuming at step {done} of {steps.total}")
    with quiet(), progress.bar(description, steps.total, done=done, unit="step") as bar:
        trainer = StepTrainer(
            built.model,
            _arguments(settings, steps, checkpoints),
            steps=steps,
            bar=bar,
            checkpoint_every=settings.checkpoint_every,
            identity=identity,
        )
        if found:
            trainer.prepare_resume(*found)
        set_seed(steps.seed)
        trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
        trainer.accelerator.unwrap_model(built.model, keep_fp32_wrapper=False)
    built.model.eval()
    tail = trainer.losses[-steps.tail :]
    return TrainReport(
        steps=steps.total,
        examples=trainer.examples,
        final_loss=sum(tail) / len(tail),
        real_tokens=trainer.real_tokens,
        padded_tokens=trainer.padded_tokens,
    )


def resolve(settings: Training, method: str | None) -> Training:
    """Fill in the method's learning rate and epochs (None: a fusion) where none are given."""
    name = method or "fusion"
    filled: dict[str, object] = {}
    if settings.lr is None:
        filled["lr"] = default_lr(name)
    if settings.epochs is None and settings.max_steps is None:
        filled["epochs"] = default_epochs(name)
    return settings.model_copy(update=filled)


def _arguments(settings: Training, steps: Steps, folder: Path) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    if settings.precision == "fp16" and not on_gpu:
        raise AdapterXLTError(
            "precision fp16 needs a GPU, and there is none", hint="use fp32 or bf16"
        )
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps.total,
        per_device_train_batch_size=1,  # one item is one step, however many examples it holds
        learning_rate=float(settings.lr or 0),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        lr_scheduler_type="linear",
        warmup_steps=round(settings.warmup * steps.total),
        seed=steps.seed,
        use_cpu=not on_gpu,
        bf16=settings.precision == "bf16",
        fp16=settings.precision == "fp16",
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    # Several GPUs would make it wrap the model in DataParallel, which copies it every step.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
