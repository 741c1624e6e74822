"""`adapterxlt suggest TARGET MODEL...`: which intermediate stage may help, without training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import click

from adapterxlt.cli.options import (
    Whole,
    data_option,
    device_option,
    json_option,
    print_json,
    tasks_option,
)
from adapterxlt.cli.places import PLACE, FilePath
from adapterxlt.errors import AdapterXLTError, InvalidRecipeError, UsageError
from adapterxlt.recipe.fields import BARE
from adapterxlt.sharing.remotes.address import masked

if TYPE_CHECKING:
    from adapterxlt.results.rows import Row

STAGE = "ranking"
_COLUMNS = {
    "linear_probe": "linear probe",
    "knn": "k-NN",
    "logme": "LogME",
    "h_score": "H-score",
    "source_size": "trained on",
    "mnli_always": "MNLI",
}
_NOTE = (
    "Best guess first. These are guesses: `none` is the bare backbone, and a target may gain from "
    "no stage at all. The rules `trained on` (number of distinct texts) and `MNLI` (whether a "
    "stage was trained on it) cost nothing; a recipe that also trains the stages shows which guess "
    "was right."
)
_RETRIEVED = (
    "Best first, each at its best layer: the mean over the languages. `none` is the bare backbone."
)


@click.command()
@click.argument("target")
@click.argument("models", type=PLACE, nargs=-1, required=True, metavar="MODEL...")
@click.option("--language", default="en", show_default=True, help="Language of the sample.")
@click.option(
    "--sample",
    type=Whole(10, 10_000),
    default=500,
    show_default=True,
    help="Number of training examples of the target to look at.",
)
@click.option("--seed", type=Whole(0), default=1, show_default=True, help="Seed of the sample.")
@click.option(
    "--backbone",
    type=PLACE,
    metavar="NAME",
    help="Backbone of the models: a bundled name, a folder or a Hub id.  [default: the one that "
    "the first model names]",
)
@data_option
@tasks_option
@click.option(
    "--workdir",
    type=FilePath(file_okay=False, path_type=Path),
    envvar="ADAPTERXLT_WORKDIR",
    show_envvar=True,
    help="Folder for the figures.  [default: the work folder of the models if all are in one, "
    "else runs]",
)
@device_option("auto, which takes a GPU if there is one")
@json_option
def command(
    target: str,
    models: tuple[str, ...],
    language: str,
    sample: int,
    seed: int,
    backbone: str | None,
    data: tuple[str, ...],
    entries: tuple[Path, ...],
    workdir: Path | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Rank trained stages as intermediate stages for a target, without training on each.

    TARGET is a task. MODEL is a work folder (all its trained stages), a stage (`runs:nli`), the
    folder of an artifact, a packed file or a URL. For a target with labels, the ranking tells how
    well the frozen features of each model separate the classes of a sample of its training data.
    For a retrieval target, it is the accuracy of retrieval in all languages at the best layer.
    """
    from adapterxlt.cli.progress import open_progress
    from adapterxlt.execution.opening import find_sources, open_recipe
    from adapterxlt.execution.run import run_recipe
    from adapterxlt.kinds.registry import get_kind
    from adapterxlt.report.console import print_table
    from adapterxlt.stages.suggest import without_classes
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.own import configured, own_catalogue

    task = get_task(target, own_catalogue([*configured(), *entries]))
    trained = get_kind(task.kind).trainable
    if trained and (problem := without_classes(task)) is not None:
        raise UsageError(problem[0], hint=problem[1])
    models = _trained(models)
    stages = _stages(models)
    listed = ["none", *stages]
    if trained:
        asked: dict[str, object] = {"suggest": listed, "on": target, "language": language}
        asked |= {"sample": sample, "seed": seed}
    else:
        asked = {"retrieve": listed, "on": target}
    content = {
        "name": f"suggest-{target}",
        "backbone": backbone or _backbone_of(models),
        "stages": {name: {"use": place} for name, place in stages.items()} | {STAGE: asked},
    }
    with _without_keys():
        loaded = open_recipe(content, (), data, entries)
        done = run_recipe(
            loaded.recipe,
            workdir=workdir or _workdir_of(models) or Path("runs"),
            sources=find_sources(loaded),
            progress=open_progress(),
            device=device,
        )
    for step, message in done.failed.items():
        raise AdapterXLTError(f"{step}: {message}")
    found = _guessed(done.rows) if trained else _retrieved(done.rows)
    if as_json:
        print_json({"target": target, "ranking": found})
        return
    print_table([_shown(record) for record in found])
    click.echo(_NOTE if trained else _RETRIEVED)


@contextmanager
def _without_keys() -> Iterator[None]:
    """Have problems of the recipe that is made here name none of its keys."""
    try:
        yield
    except InvalidRecipeError as error:
        problems = [replace(one, path="", file="", line=0) for one in error.problems]
        raise UsageError("\n".join(map(str, problems))) from None


def _trained(models: Sequence[str]) -> tuple[str, ...]:
    """The models without the bare backbone, which is always ranked.

    Raises:
        UsageError: no other is named; one is not here, or is a backbone.
    """
    from adapterxlt.backbones.find import BUNDLED
    from adapterxlt.sharing.locate import locate

    named = tuple(model for model in models if model != BARE)
    if not named:
        raise UsageError(f"`{BARE}` is always ranked; name trained models to rank it with")
    for model in named:
        if "://" in model:
            continue
        if model in BUNDLED and not Path(model).exists():
            raise UsageError(
                f"{model}: is a backbone, not a trained model",
                hint=f"leave it out: the bare backbone is always ranked, as `{BARE}`; --backbone "
                "names another one",
            )
        locate(model)
    return named


def _stages(models: Sequence[str]) -> dict[str, str]:
    """The place of each model, by its name in the ranking.

    Raises:
        UsageError: a work folder holds no trained stage.
    """
    from adapterxlt.sharing.locate import is_workdir, trained_stages

    found: dict[str, str] = {}
    for model in models:
        folder = Path(model)
        stages = {_plain(model): str(folder.resolve()) if folder.exists() else model}
        if is_workdir(folder):
            stages = {name: str(path.resolve()) for name, path in trained_stages(folder).items()}
            if not stages:
                raise UsageError(f"{model}: this work folder holds no trained stage")
        for name, place in stages.items():
            taken = [name, *(f"{name}-{number}" for number in range(2, 2 + len(found)))]
            found[next(one for one in taken if one not in found)] = place
    return found


def _workdir_of(models: Sequence[str]) -> Path | None:
    """The work folder that all models are in: they need not be copied to be measured there."""
    from adapterxlt.sharing.locate import is_workdir

    found = set()
    for model in models:
        folder, _, stage = model.rpartition(":")
        places = (Path(model), *([Path(folder)] if folder and stage else []))
        found.add(next((place.resolve() for place in places if is_workdir(place)), None))
    return found.pop() if len(found) == 1 else None


def _plain(model: str) -> str:
    """A stage name made of what a user calls a model: `nli` of `runs:nli` or `shared/nli.axlt`."""
    last = re.split(r"[/:\\]", model.rstrip("/"))[-1].removesuffix(".axlt")
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", last).lstrip("_.-")[:70] or "model"
    return f"{name}-1" if name in (BARE, STAGE) else name


def _backbone_of(models: Sequence[str]) -> str:
    """The backbone that the first model says it was trained on, if it is here.

    Raises:
        MissingBackboneError: it is not.
        UsageError: the model does not say it before it is fetched.
    """
    from adapterxlt.sharing.entries import read_entry
    from adapterxlt.sharing.locate import find_backbone, locate, trained_stages

    first = models[0]
    if "://" in first:
        raise UsageError(f"{masked(first)}: its backbone is not known yet", hint="use --backbone")
    inside = trained_stages(Path(first)) if Path(first).is_dir() else {}
    place = next(iter(inside.values())) if inside else locate(first)
    return find_backbone(read_entry(place).manifest, None, place).name


def _guessed(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The measures of the frozen features of each model; the best linear probe first."""
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        values.setdefault(row.model, {})[row.metric] = row.value
    ranked = sorted(values, key=lambda model: -values[model]["linear_probe"])
    return [
        {"model": model, **{name: values[model][metric] for metric, name in _COLUMNS.items()}}
        for model in ranked
    ]


def _retrieved(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The best layer of each model, by its mean over the languages; the best model first."""
    found: dict[str, dict[int, list[float]]] = {}
    metric = next(row.metric for row in rows if row.main)
    for row in rows:
        if row.main and row.layer is not None:
            found.setdefault(row.model, {}).setdefault(row.layer, []).append(row.value)
    best = {
        model: max((fmean(values), -layer) for layer, values in layers.items())
        for model, layers in found.items()
    }
    return [
        {"model": model, metric: value, "layer": -layer}
        for model, (value, layer) in sorted(best.items(), key=lambda item: -item[1][0])
    ]


def _shown(record: Mapping[str, object]) -> dict[str, object]:
    """A line of the table: scores with one digit, counts and yes or no in words."""
    shown = dict(record)
    for name, value in record.items():
        if isinstance(value, float):
            digits = {"LogME": 3, "H-score": 3, "trained on": 0}.get(name, 1)
            shown[name] = f"{value:.{digits}f}"
    if "MNLI" in shown:
        shown["MNLI"] = "yes" if record["MNLI"] else "no"
    return shown
