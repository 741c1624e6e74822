"""From the RECIPE argument of a verb to a checked recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.bundled import bundled
from adapterxlt.errors import UsageError
from adapterxlt.plan.plan import Sources, resolve_sources
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.suggest import suggest


def bundled_recipes() -> dict[str, Path]:
    """The recipes that come with the project, by name."""
    return {path.stem: path for path in sorted(bundled("recipes").glob("*.yaml"))}


def recipe_path(text: str) -> Path:
    """Return the file of a recipe given as a path or as the name of a bundled one.

    Raises:
        UsageError: there is neither.
    """
    path = Path(text)
    if path.is_file():
        return path
    known = bundled_recipes()
    if text in known:
        return known[text]
    what = "is a folder" if path.is_dir() else "no such file"
    raise UsageError(
        f"recipe {text}: {what}, and no bundled recipe has this name",
        hint=f"bundled recipes: {suggest(path.stem, known)}",
    )


def data_folders(data: Sequence[str]) -> tuple[str, ...]:
    """Make the folders of `--data` absolute: they are meant from here, not from the recipe."""
    return tuple(
        str(Path(folder).resolve()) if Path(folder).is_dir() else folder for folder in data
    )


def open_recipe(text: str, overrides: Sequence[str], data: Sequence[str]) -> LoadedRecipe:
    """Load and check the recipe a user named.

    Raises:
        UsageError: there is no such recipe.
        InvalidRecipeError: with all its problems.
    """
    return load_recipe(recipe_path(text), overrides, data_folders(data))


def find_sources(loaded: LoadedRecipe) -> Sources:
    """Find a recipe's backbone and data folders, and check the recipe against the backbone.

    Raises:
        MissingError: one of them is not there.
        InvalidRecipeError: layers, lengths or methods do not fit the backbone.
    """
    sources = resolve_sources(loaded.recipe, loaded.base)
    if sources.backbone is not None:
        loaded.check_backbone(sources.backbone)
    return sources
