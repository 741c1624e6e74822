"""Copies the prediction files of evaluate and retrieve stages to where a user finds them."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from filelock import FileLock

from adapterxlt.recipe.fields import BARE
from adapterxlt.results.measures import PREDICTIONS_FOLDER
from adapterxlt.stages.running.context import Context
from adapterxlt.store.disk import writing


def publish_predictions(context: Context, workdir: Path) -> list[Path]:
    """Copy the prediction files of every finished cell out of the store.

    They go to WORKDIR/predictions/RECIPE/STAGE/MODEL, in the layout that the benchmark expects of
    a submission. If another recipe of this name (or another seed of it) has put different files
    there, those stay, and all files of this one go to WORKDIR/predictions/RECIPE-ID/STAGE/MODEL.

    Returns:
        the folders of the models, in plan order.
    """
    sources: list[tuple[Path, Path]] = []  # (a folder of files, STAGE/MODEL)
    for planned in context.plan.steps:
        step = planned.step
        if "predictions" not in step.params or context.store.get(planned.fingerprint) is None:
            continue
        model = step.model or BARE
        cell = context.store.path(planned.fingerprint) / PREDICTIONS_FOLDER
        sources += [(folder, Path(step.stage, model)) for folder in sorted(cell.iterdir())]
    if not sources:
        return []
    root = workdir / PREDICTIONS_FOLDER
    workdir.mkdir(parents=True, exist_ok=True)
    with FileLock(workdir / f".{PREDICTIONS_FOLDER}.lock"):
        target = root / context.recipe.name
        if any(_differs(folder, target / place / folder.name) for folder, place in sources):
            target = root / f"{context.recipe.name}-{context.recipe_id}"
        for folder, place in sources:
            _replace(target / place / folder.name, folder)
    return list(dict.fromkeys(target / place for _, place in sources))


def _differs(source: Path, target: Path) -> bool:
    """Whether the target holds a file that the source lacks or has with other content."""
    return any(
        path.is_file()
        and not (
            (same := source / path.relative_to(target)).is_file()
            and filecmp.cmp(path, same, shallow=False)
        )
        for path in target.rglob("*")
    )


def _replace(target: Path, folder: Path) -> None:
    """Replace `target` with a copy of a folder; the old one goes once the copy is complete."""
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
