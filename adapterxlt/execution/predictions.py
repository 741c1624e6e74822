"""Prediction files of evaluate and retrieve stages, put where a user finds them."""

from __future__ import annotations

import shutil
from pathlib import Path

from adapterxlt.execution.context import Context
from adapterxlt.plan.expand import BARE
from adapterxlt.store.disk import writing

PREDICTIONS_FOLDER = "predictions"


def publish_predictions(context: Context, workdir: Path) -> list[Path]:
    """Copy the prediction files of every finished cell out of the store.

    They go to WORKDIR/predictions/RECIPE/STAGE/MODEL, which is laid out as the benchmark wants a
    submission; a cell's files there are replaced.

    Returns:
        the folders of the models, in plan order.
    """
    folders: list[Path] = []
    for planned in context.plan.steps:
        step = planned.step
        if "predictions" not in step.params or context.store.get(planned.fingerprint) is None:
            continue
        model = step.inputs[0] if step.inputs else BARE
        target = workdir / PREDICTIONS_FOLDER / context.recipe.name / step.stage / model
        for folder in sorted(
            (context.store.path(planned.fingerprint) / PREDICTIONS_FOLDER).iterdir()
        ):
            _replace(target / folder.name, folder)
        if target not in folders:
            folders.append(target)
    return folders


def _replace(target: Path, folder: Path) -> None:
    """Copy a folder to `target`, whole before what was there goes."""
    aside = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with writing(target):
            shutil.copytree(folder, aside)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
