"""Turns what a user calls a recipe into a checked recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.bundled import bundled
from adapterxlt.errors import MissingBackboneError, UsageError
from adapterxlt.plan.plan import Sources, resolve_sources
from adapterxlt.plan.trial import in_small
from adapterxlt.progress import Progress
from adapterxlt.recipe.load import LoadedRecipe, load_mapping, load_recipe
from adapterxlt.recipe.schema import Recipe
from adapterxlt.suggest import closest, few


def bundled_recipes() -> dict[str, Path]:
    """The recipes that come with the project, by name: `quickstart`, `xtreme/xnli`, ..."""
    folder = bundled("recipes")
    paths = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*/*.yaml"))]
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}


def recipe_path(text: str) -> Path:
    """Return the file of a recipe given as a path or as the name of a bundled one.

    Raises:
        UsageError: neither of them exists.
    """
    path = Path(text)
    if path.is_file():
        return path
    known = bundled_recipes()
    if text in known:
        return known[text]
    close = closest(path.stem, known)
    what = "is a folder" if path.is_dir() else "no such file"
    raise UsageError(
        f"recipe {text}: {what}, and there is no bundled recipe of this name",
        hint=f"did you mean `{close}`?"
        if close
        else f"bundled recipes: {few(known, see='adapterxlt list recipes')}",
    )


def data_folders(data: Sequence[str]) -> tuple[str, ...]:
    """Make the folders of `--data` absolute, as they are relative to the current folder."""
    return tuple(
        str(Path(folder).resolve()) if Path(folder).is_dir() else folder for folder in data
    )


def open_recipe(
    given: str | Mapping[str, object],
    overrides: Sequence[str],
    data: Sequence[str],
    entries: Sequence[Path] = (),
) -> LoadedRecipe:
    """Load and check the recipe a user named or wrote.

    Args:
        given: a path, the name of a bundled recipe, or what a recipe's file would hold.
        entries: files or folders of the user's own tasks, from `--tasks`.

    Raises:
        UsageError: there is no such recipe.
        InvalidRecipeError: the recipe has problems; the error lists all of them.
    """
    folders = data_folders(data)
    if isinstance(given, str):
        return load_recipe(
            recipe_path(given),
            overrides,
            folders,
            entries=entries,
            find_backbone=_backbone_here,
            look=True,
        )
    return load_mapping(
        given, overrides, folders, entries=entries, find_backbone=_backbone_here, look=True
    )


def _backbone_here(name: str, base: Path) -> Backbone | None:
    """Return the backbone if it is on this machine."""
    try:
        return resolve_backbone(name, base, download=False)
    except MissingBackboneError:
        return None


def in_trial(recipe: Recipe, trial: int | None, sources: Sources, progress: Progress) -> Recipe:
    """Return the recipe, or its trial version for `--trial`; log the differences."""
    if trial is None:
        return recipe
    small, notes = in_small(recipe, trial, sources.roots)
    for note in notes:
        progress.log(f"trial: {note}")
    return small


def find_sources(loaded: LoadedRecipe) -> Sources:
    """Find a recipe's backbone and data folders, and check the recipe against the backbone.

    Raises:
        MissingError: one of them is not there.
        InvalidRecipeError: layers, lengths or methods do not fit the backbone.
    """
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    if loaded.backbone is None:
        checked = loaded.check_backbone(sources.backbone, look=True)
        return replace(sources, used=checked.used)
    return sources
