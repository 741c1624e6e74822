"""Train one stage: an adapter, a full fine-tune, or a fusion, on one task or several mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from adapterxlt.batching.cache import encode_cached
from adapterxlt.devices import AUTO
from adapterxlt.kinds.facts import Example
from adapterxlt.methods.parser import parse_method
from adapterxlt.models.build import Built, build_fusion, build_train, save
from adapterxlt.models.sizes import sizes_of
from adapterxlt.models.speak import speak_several
from adapterxlt.models.spec import HeadSpec
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.language_adapters import place_of_own
from adapterxlt.recipe.schema import Training
from adapterxlt.recipe.task_data import Part
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.stages.running.contamination import Hashes, write_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import training_examples
from adapterxlt.stages.training.dev import dev_scorer
from adapterxlt.store.checkpoints import CHECKPOINTS_FOLDER
from adapterxlt.store.files import write_json
from adapterxlt.store.losses import note_course
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.training.ranks import ALONE
from adapterxlt.training.train import TaskInputs, TrainReport, train


@dataclass(frozen=True)
class _Material:
    """What one part of the training reads."""

    part: Part
    task: Task
    examples: list[Example]


Build = Callable[[PlannedStep, Sequence[HeadSpec], Training, Context], Built]


def run_train(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Train a `train` step and leave its artifact in `staging/out`; resumes from checkpoints."""
    run_training(planned, context, staging, _build_train)


def run_fuse(planned: PlannedStep, context: Context, staging: Path) -> None:
    """The same of a `fuse` step."""
    run_training(planned, context, staging, _build_fusion)


def run_training(planned: PlannedStep, context: Context, staging: Path, build: Build) -> None:
    """Train what `build` makes of the step."""
    settings = settings_of(planned)
    materials = [
        _Material(
            part,
            _task(part, context),
            training_examples(part, planned.step, context.sources),
        )
        for part in planned.step.parts()
    ]
    tasks = {material.task.name: material.task for material in materials}  # one head a task
    heads = [
        HeadSpec(kind=task.kind, labels=task.labels, task=task.name, multi_label=task.multi_label)
        for task in tasks.values()
    ]
    built = build(planned, heads, settings, context)
    if context.meter:
        context.meter.sizes = sizes_of(built)
    context.move(built)
    report = train(
        built,
        _inputs(built, materials, settings, context.encoded),
        settings,
        checkpoints=staging / CHECKPOINTS_FOLDER,
        progress=context.progress,
        description=planned.step.id,
        score=dev_scorer(planned, context, built, tasks),
        ranks=context.ranks or ALONE,
        tracking=context.tracking(planned),
    )
    if context.ranks and not context.ranks.writes:
        return
    out = staging / "out"
    save(built, out)
    seen: dict[str, Hashes] = {}
    for part in planned.step.parts():
        name = f"{part.task}-{planned.fingerprint[:12]}"
        hashes = context.texts.trained(part, planned.step)
        seen[name] = np.union1d(seen[name], hashes) if name in seen else hashes
    write_seen(out, seen, [context.artifact(name) for name in planned.step.inputs])
    write_json(out / METRICS_NAME, _metrics(materials, report, settings))
    note_course(context.store, planned.fingerprint, report.course())


def settings_of(planned: PlannedStep) -> Training:
    """The step's training settings, every default resolved."""
    known = planned.step.params | planned.step.neutral
    return Training.model_validate(
        {key: value for key, value in known.items() if key in Training.model_fields}
    )


def _task(part: Part, context: Context) -> Task:
    """The task of one part, with the labels that lie beside its data."""
    return with_labels(
        context.sources.tasks[part.task], context.sources.roots, part.language, part.split
    )


def _inputs(
    built: Built, materials: Sequence[_Material], settings: Training, cache: Path
) -> list[TaskInputs]:
    spec = built.spec
    assert spec is not None
    heads = {head.task: spec.head_name(head) for head in spec.heads}
    return [
        TaskInputs(
            encode_cached(
                cache,
                material.examples,
                built.tokenizer,
                material.task.kind,
                max_length=material.part.max_length,
                doc_stride=settings.doc_stride,
                labelled=True,
                labels=material.task.labels,
            ),
            material.task.kind,
            heads[material.task.name],
            material.part.weight,
            material.part.language,
        )
        for material in materials
    ]


def _metrics(
    materials: Sequence[_Material], report: TrainReport, settings: Training
) -> dict[str, object]:
    training = report.figures()
    if settings.precision != AUTO:
        del training["precision"]  # the recipe says it
    found: dict[str, object] = {
        "examples": sum(len(material.examples) for material in materials),
        "training": training,
    }
    if report.epochs:
        found["dev"] = {"kept": report.kept, "epochs": [asdict(epoch) for epoch in report.epochs]}
    if report.parts:
        found["tasks"] = [
            {**material.part.said(), "examples": len(material.examples), **asdict(part)}
            for material, part in zip(materials, report.parts, strict=True)
        ]
    return found


def _build_train(
    planned: PlannedStep, heads: Sequence[HeadSpec], settings: Training, context: Context
) -> Built:
    step, inputs = planned.step, [context.artifact(name) for name in planned.step.inputs]
    dense = inputs.pop() if parse_method(step.text("method")).density else None
    spoken: dict[str, int] = step.params.get("spoken", {})
    own = inputs[: len(inputs) - len(set(spoken.values()))]
    exchanged = own[1:] if "language_adapter" in step.params else []
    built = build_train(
        context.backbone,
        method=step.text("method"),
        name=_name(planned, heads),
        head=heads[0],
        other_heads=heads[1:],
        after=inputs[0] if step.text("relation") == "after" else None,
        stack_on=inputs[0] if step.text("relation") == "stack_on" else None,
        dense=dense,
        language=exchanged[0] if exchanged else None,
        before=exchanged[1] if len(exchanged) > 1 else None,
        seed=step.number("seed"),
        frozen_dropout=settings.frozen_dropout,
    )
    return _speaking(built, spoken, inputs[len(own) :])


def _build_fusion(
    planned: PlannedStep, heads: Sequence[HeadSpec], settings: Training, context: Context
) -> Built:
    step, inputs = planned.step, [context.artifact(name) for name in planned.step.inputs]
    place = place_of_own(step.params, len(inputs))
    built = build_fusion(
        context.backbone,
        language=None if place is None else inputs[place],
        members=inputs[:place],
        train_members="train_members" in step.params,
        fusion=step.text("fusion"),
        name=_name(planned, heads),
        head=heads[0],
        other_heads=heads[1:],
        seed=step.number("seed"),
        frozen_dropout=settings.frozen_dropout,
    )
    others = [] if place is None else inputs[place + 1 :]
    return _speaking(built, step.params.get("spoken", {}), others)


def _speaking(built: Built, spoken: Mapping[str, int], others: Sequence[Path]) -> Built:
    """Let a model stand on the adapter of each further training language, if there are any."""
    if spoken:
        speak_several(built, {code: others[place] for code, place in spoken.items()})
    return built


def _name(planned: PlannedStep, heads: Sequence[HeadSpec]) -> str:
    """What the library calls the adapter."""
    title = heads[0].task if len(heads) == 1 else "mixture"
    return f"{''.join(c if c.isalnum() else '_' for c in title)}_{planned.fingerprint[:8]}"
