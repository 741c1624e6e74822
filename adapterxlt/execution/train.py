"""Train one stage: an adapter, a full fine-tune, or a fusion."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from adapterxlt.batching.encode import encode
from adapterxlt.execution.contamination import hash_texts, write_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import labelled_examples
from adapterxlt.models.build import Built, build_fusion, build_train, save
from adapterxlt.models.spec import HeadSpec
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.schema import Training
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.read import sample
from adapterxlt.tasks.texts import texts_of
from adapterxlt.tasks.types import Example
from adapterxlt.training.train import train

METRICS_NAME = "metrics.json"


def run_train(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Train the step and leave its artifact in `staging/out`; resumes from checkpoints."""
    settings = settings_of(planned)
    task = get_task(planned.step.text("task"))
    examples = training_examples(task, settings, context)
    built = _build(planned, task, settings, context)
    features = encode(
        examples,
        built.tokenizer,
        task.kind,
        max_length=settings.max_length,
        doc_stride=settings.doc_stride,
        labelled=True,
    )
    report = train(
        built,
        features,
        task.kind,
        settings,
        checkpoints=staging / "checkpoints",
        progress=context.progress,
        description=planned.step.id,
    )
    out = staging / "out"
    save(built, out)
    inputs = [context.artifact(name) for name in planned.step.inputs]
    name = f"{task.name}-{planned.fingerprint[:12]}"
    write_seen(out, name, hash_texts(texts_of(examples)), inputs)
    write_json(out / METRICS_NAME, {"examples": len(examples), "training": asdict(report)})


def settings_of(planned: PlannedStep) -> Training:
    """The step's training settings, every default resolved."""
    known = planned.step.params | planned.step.neutral
    return Training.model_validate(
        {key: value for key, value in known.items() if key in Training.model_fields}
    )


def training_examples(task: Task, settings: Training, context: Context) -> list[Example]:
    """Read the examples that a stage trains on, capped by a seeded sample."""
    examples = labelled_examples(task, context.sources.roots, settings.language, settings.split)
    if settings.cap is None or settings.seed is None:
        return examples
    return sample(examples, settings.cap, settings.seed)


def _build(planned: PlannedStep, task: Task, settings: Training, context: Context) -> Built:
    step, inputs = planned.step, [context.artifact(name) for name in planned.step.inputs]
    name = f"{task.name}_{planned.fingerprint[:8]}"
    head = HeadSpec(kind=task.kind, labels=task.labels, task=task.name)
    if step.kind == "fuse":
        return build_fusion(
            context.backbone,
            members=inputs,
            fusion=step.text("fusion"),
            name=name,
            head=head,
            seed=step.number("seed"),
            frozen_dropout=settings.frozen_dropout,
        )
    return build_train(
        context.backbone,
        method=step.text("method"),
        name=name,
        head=head,
        after=inputs[0] if step.text("relation") == "after" else None,
        stack_on=inputs[0] if step.text("relation") == "stack_on" else None,
        seed=step.number("seed"),
        frozen_dropout=settings.frozen_dropout,
    )
