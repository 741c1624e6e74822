"""Align the words of a lexicon at one layer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapterxlt.models.build import build_train, save
from adapterxlt.models.sizes import sizes_of
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.steps import Step
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.stages.running.contamination import hash_texts, write_seen
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.lexicons import trained_entries
from adapterxlt.stages.training.train_run import settings_of
from adapterxlt.store.checkpoints import CHECKPOINTS_FOLDER
from adapterxlt.store.files import write_json
from adapterxlt.store.losses import note_course
from adapterxlt.training.align import Loss, align
from adapterxlt.training.word_losses import infonce, triplet


def run_align(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Train an `align` step and leave its artifact in `staging/out`; resumes from checkpoints."""
    step, settings = planned.step, settings_of(planned)
    lexicon, division = trained_entries(step, context.sources)
    context.progress.log(
        f"{step.id}: {len(division.held_out)} of "
        f"{len(division.held_out) + len(division.trained)} entries are held out "
        f"({division.groups} groups by shared words, the largest of {division.largest})"
    )
    inputs = [context.artifact(name) for name in step.inputs]
    relation = step.text("relation")
    built = build_train(
        context.backbone,
        method=step.text("method"),
        name=f"words_{planned.fingerprint[:8]}",
        head=None,
        after=inputs[0] if relation == "after" else None,
        stack_on=inputs[0] if relation == "stack_on" else None,
        seed=step.number("seed"),
        frozen_dropout=settings.frozen_dropout,
    )
    if context.meter:
        context.meter.sizes = sizes_of(built)
    context.move(built)
    report = align(
        built,
        lexicon,
        settings,
        layer=step.number("layer"),
        loss=_loss(step),
        checkpoints=staging / CHECKPOINTS_FOLDER,
        progress=context.progress,
        description=step.id,
        tracking=context.tracking(planned),
    )
    out = staging / "out"
    save(built, out)
    name = f"{step.text('task')}-{planned.fingerprint[:12]}"
    write_seen(out, {name: hash_texts(lexicon.words)}, inputs)
    write_json(
        out / METRICS_NAME,
        {
            "examples": len(lexicon),
            "held_out": len(division.held_out),
            "groups": division.groups,
            "training": report.figures(),
        },
    )
    note_course(context.store, planned.fingerprint, report.course())


def _loss(step: Step) -> Loss:
    if step.text("loss") == "infonce":
        return partial(infonce, temperature=float(step.params["temperature"]))
    return partial(triplet, margin=float(step.params["margin"]))
