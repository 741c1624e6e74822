"""`run` and `validate`: recipes from Python."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path

from adapterxlt.api.results import Results
from adapterxlt.arguments import check_number, path_text, paths_in
from adapterxlt.devices import AUTO, check_device
from adapterxlt.errors import FailedStagesError, InvalidRecipeError, UsageError
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.registry import find_executor
from adapterxlt.execution.opening import data_folders, find_sources, in_trial, open_recipe
from adapterxlt.execution.run import run_recipe
from adapterxlt.progress import Progress, Silent
from adapterxlt.progress_lines import LineProgress
from adapterxlt.recipe.load import LoadedRecipe
from adapterxlt.recipe.overrides import DATA, SET
from adapterxlt.sharing.cache import all_remotes
from adapterxlt.show import brief
from adapterxlt.store.disk import check_folder

Place = str | PathLike[str]
_ESCAPED = re.compile("[\x7f-\uffff]")


def validate(
    recipe: Place | Mapping[str, object],
    *,
    data: Place | Iterable[Place] | None = None,
    overrides: Mapping[str, object] | None = None,
    tasks: Iterable[Place] = (),
) -> LoadedRecipe:
    """Check a recipe: all keys, and everything else that can be checked before a run.

    Args:
        recipe: a path, the name of a bundled recipe (`"quickstart"`), or a mapping with the
            content of a recipe file; its paths are relative to the current folder.
        data: one or several data folders that replace the recipe's; `"pocket"` is bundled.
        overrides: values for keys of the recipe, as for `--set`: `{"stages.nli.lr": 3e-4}`.
        tasks: entries of your own tasks (files, or folders of them), in addition to the recipe's.

    Returns:
        The checked recipe, which `run` accepts.

    Raises:
        InvalidRecipeError: the recipe has problems; `problems` lists all of them with their paths.
        UsageError: the recipe does not exist.

    Example:
        >>> recipe = xlt.validate("quickstart", overrides={"seed": 2})
        >>> recipe.recipe.name, recipe.recipe.seed
        ('quickstart', 2)
        >>> xlt.validate({"name": "r", "backbone": "mini", "data": "pocket",
        ...               "stages": {"nli": {"train": "mlni"}}})
        Traceback (most recent call last):
        adapterxlt.errors.InvalidRecipeError: stages.nli.train: unknown task `mlni` (...)
    """
    given = recipe if isinstance(recipe, Mapping) else path_text(recipe, "recipe")
    with _named_as_arguments():
        return open_recipe(given, _overrides(overrides), _folders(data), paths_in(tasks, "tasks"))


def run(
    recipe: Place | Mapping[str, object] | LoadedRecipe,
    *,
    data: Place | Iterable[Place] | None = None,
    workdir: Place = "runs",
    device: str | None = None,
    jobs: int | None = None,
    overrides: Mapping[str, object] | None = None,
    tasks: Iterable[Place] = (),
    trial: int | None = None,
    verbose: bool = True,
) -> Results:
    """Run the missing stages of a recipe.

    Stages whose results are already in the work folder are not run again. An interrupted run
    continues where it stopped.

    Args:
        recipe: a recipe as for `validate`, or the result of `validate`.
        data: as for `validate`.
        workdir: folder for results and trained models.
        device: device that models run on: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; default: the
            recipe's device.
        jobs: maximum number of stages that run at once, each in its own process; default: all
            stages run in this process.
        overrides: as for `validate`.
        tasks: as for `validate`.
        trial: try the recipe on little data: train for one epoch or fewer steps, with at most
            this number of examples per task and language.
        verbose: whether to report progress on stderr, in plain lines.

    Returns:
        All results of the recipe, including those of earlier runs.

    Raises:
        FailedStagesError: some stages failed. Stages that do not depend on them ran, and the error
            holds their results.
        InvalidRecipeError: the recipe has problems; raised before any work.
        MissingError: data, a backbone, a package or a device is missing; raised before any work.

    Example:
        >>> recipe = {
        ...     "name": "small", "backbone": "mini", "data": "pocket",
        ...     "training": {"max_steps": 2, "cap": 8, "max_length": 32},
        ...     "stages": {
        ...         "tags": {"train": "udpos"},
        ...         "scores": {"evaluate": "tags", "on": "udpos", "languages": "de", "cap": 8},
        ...     },
        ... }
        >>> results = xlt.run(recipe, workdir=folder, verbose=False)
        >>> [(row.language, row.metric, row.n) for row in results.rows][:1]
        [('de', 'f1', 8)]
        >>> results.model("tags").predict(["Ein", "Hund", "."]).tags
        (..., ..., ...)
    """
    folder = Path(path_text(workdir, "workdir"))
    check_folder(folder)  # now, as a backbone may be downloaded before anything is written
    check_device(device or AUTO)
    for name, number in (("jobs", jobs), ("trial", trial)):
        if number is not None:
            check_number(number, name, least=1)
    if isinstance(recipe, LoadedRecipe):
        if overrides or tasks:
            raise UsageError(
                "a checked recipe cannot take overrides and tasks; pass them to `validate`"
            )
        loaded = recipe
        if data is not None:
            changed = {"data": list(data_folders(_folders(data)))}
            loaded = replace(recipe, recipe=recipe.recipe.model_copy(update=changed))
    else:
        loaded = validate(recipe, data=data, overrides=overrides, tasks=tasks)
    progress: Progress = LineProgress(sys.stderr) if verbose else Silent()
    with _named_as_arguments():
        sources = find_sources(loaded)
    made = in_trial(loaded.recipe, trial, sources, progress)
    with loaded.located():
        done = run_recipe(
            made,
            workdir=folder,
            sources=sources,
            progress=progress,
            device=device,
            remotes=all_remotes(loaded.recipe.store, loaded.base),
            executor=find_executor("local", Options(jobs=jobs)) if jobs and jobs > 1 else None,
        )
    results = Results(made.name, folder, done, sources, device or made.device)
    if done.failed:
        raise FailedStagesError(done.failed, results)
    return results


@contextmanager
def _named_as_arguments() -> Iterator[None]:
    """Name the argument instead of the option in problems of what was given here."""
    try:
        yield
    except InvalidRecipeError as error:
        names = {SET: "overrides", DATA: "data"}
        problems = [replace(one, file=names.get(one.file, one.file)) for one in error.problems]
        raise InvalidRecipeError(problems, error.found) from None


def _overrides(given: Mapping[str, object] | None) -> list[str]:
    if given is not None and not isinstance(given, Mapping):
        raise UsageError(
            f"overrides: must be a mapping, not {brief(repr(given))}",
            hint='give keys of the recipe with their values: {"stages.nli.lr": 3e-4}',
        )
    return [f"{key}={_as_yaml(value)}" for key, value in (given or {}).items()]


def _as_yaml(value: object) -> str:
    """A value in JSON that YAML reads as the same value.

    YAML does not join the two halves in which JSON escapes characters beyond U+FFFF, so those stay
    as they are. Others are escaped, as YAML refuses some of them or takes them for line breaks.
    """
    text = json.dumps(value, default=fspath, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _folders(data: Place | Iterable[Place] | None) -> list[str]:
    if data is None:
        return []
    if isinstance(data, str | PathLike):
        return [path_text(data, "data")]
    return [str(path) for path in paths_in(data, "data")]
