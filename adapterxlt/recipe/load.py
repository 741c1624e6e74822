"""Loads a recipe: YAML with line numbers -> include -> `--set` -> matrix -> schema -> checks.

    loaded = load_recipe(Path("recipes/quickstart.yaml"), ["seed=2"])
    loaded.recipe                      the recipe, fit to be planned
    loaded.check_backbone(backbone)    what could not be checked before the backbone was found

Loading needs no backbone and no data, but looks at the backbone too if told how to find it. Both
raise `InvalidRecipeError` with every problem found, each with its file, line and dotted path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import Node, Places, node_of, walk
from adapterxlt.documents.yaml_lines import read_file, read_text
from adapterxlt.errors import AdapterXLTError, InvalidRecipeError, Problem
from adapterxlt.recipe.backbone_checks import check_against_backbone
from adapterxlt.recipe.checks import check
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.include import resolve_includes
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.matrix import expand_matrix, without_matrix
from adapterxlt.recipe.name_patterns import write_out
from adapterxlt.recipe.overrides import apply_overrides
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.shorthand import spell_out
from adapterxlt.recipe.used import Used
from adapterxlt.recipe.validation import validate
from adapterxlt.tasks.catalogue import Catalogue, Home, Task
from adapterxlt.tasks.own import configured, own_catalogue

FindBackbone = Callable[[str, Path], Backbone | None]


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe without problems, and where each of its values was written.

    Args:
        recipe: matrix expanded, `--set` and `--data` applied.
        places: file and line of every path.
        path: the recipe file; relative folders in the recipe are relative to its folder first.
        backbone: what the recipe was checked against, None if it was not found.
        used: what its `use` stages name, by stage.
    """

    recipe: Recipe
    places: Places
    path: Path
    backbone: Backbone | None = None
    used: Mapping[str, Used] = field(default_factory=dict)

    @property
    def base(self) -> Path:
        """Folder of the recipe file."""
        return self.path.parent

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give problems that are found while a plan is made the file and line of their stages."""
        try:
            yield
        except InvalidRecipeError as error:
            problems = [self._located(problem) for problem in error.problems]
            raise InvalidRecipeError(problems, error.found) from None

    def _located(self, problem: Problem) -> Problem:
        path = ("stages", problem.path.removeprefix("stages."))
        if problem.file or path not in self.places:
            return problem
        place = self.places.of(path)
        return replace(problem, file=place.file, line=place.line)

    def check_backbone(self, backbone: Backbone, look: bool = False) -> LoadedRecipe:
        """Check layers, lengths, methods and what it uses against the backbone.

        Args:
            look: as of `load_recipe`.

        Returns:
            The recipe, with the backbone and all that it uses.

        Raises:
            InvalidRecipeError: with all problems.
        """
        draft = Draft(self.recipe, self.places)
        draft.used = _look(draft, self.base, backbone, look)
        if draft.used:
            draft.recipe = draft.recipe.on(backbone.layers)
            check(draft)
        check_against_backbone(draft, backbone)
        raise_all(draft.problems, self.places)
        return replace(self, backbone=backbone, used=draft.used)


def load_recipe(
    path: Path,
    overrides: Sequence[str] = (),
    data: Sequence[str] = (),
    *,
    tasks: Mapping[str, Task] | None = None,
    entries: Sequence[Path] = (),
    find_backbone: FindBackbone | None = None,
    look: bool = False,
) -> LoadedRecipe:
    """Load and check a recipe file.

    Args:
        path: the file.
        overrides: `key=value` texts of `--set`, applied in order.
        data: folders of `--data`; they replace the recipe's.
        tasks: all the tasks there are; default: the built-in ones and the user's.
        entries: of `--tasks`: the user's tasks besides those that the recipe and the configuration
            have; files, or folders of them.
        find_backbone: finds the backbone by its name and the recipe's folder, None where it is
            not to be had.
        look: look at what `use` stages name; what cannot be used is a problem of the recipe. What
            needs the backbone is left out where that is not here.

    Raises:
        InvalidRecipeError: with all problems.
    """
    problems: list[Problem] = []
    root = read_file(path, str(path), problems)
    return _load(root, path, overrides, data, tasks, problems, find_backbone, look, entries)


def load_mapping(
    recipe: Mapping[str, object],
    overrides: Sequence[str] = (),
    data: Sequence[str] = (),
    *,
    entries: Sequence[Path] = (),
    find_backbone: FindBackbone | None = None,
    look: bool = False,
) -> LoadedRecipe:
    """Load and check what a recipe's file would hold; as `load_recipe`, for a file of this folder.

    Problems have the path of what is wrong, and neither file nor line.
    """
    problems: list[Problem] = []
    root = node_of(recipe, (), problems)
    raise_all(problems, Places(root))
    path = Path("recipe.yaml")
    return _load(root, path, overrides, data, None, problems, find_backbone, look, entries)


def load_text(
    text: str, overrides: Sequence[str] = (), *, tasks: Mapping[str, Task] | None = None
) -> LoadedRecipe:
    """Load and check the text of a recipe; as `load_recipe`, for `recipe.yaml` in this folder."""
    problems: list[Problem] = []
    path = Path("recipe.yaml")
    return _load(read_text(text, str(path), problems), path, overrides, (), tasks, problems)


def _load(
    root: Node,
    path: Path,
    overrides: Sequence[str],
    data: Sequence[str],
    tasks: Mapping[str, Task] | None,
    problems: list[Problem],
    find_backbone: FindBackbone | None = None,
    look: bool = False,
    entries: Sequence[Path] = (),
) -> LoadedRecipe:
    root = resolve_includes(root, path, problems)
    root = spell_out(apply_overrides(root, overrides, data, problems))
    known = Catalogue(tasks) if tasks is not None else _tasks(root, path.parent, entries, problems)
    expanded = expand_matrix(root, problems)
    if expanded is None:  # the set of stages is unknown, but each stage can be checked
        rest = write_out(without_matrix(root))
        places = Places(rest)
        told, more = {problem.path for problem in problems}, list[Problem]()
        validate(rest, places, more, known)
        if not any(path[:1] == ("stages",) and len(path) > 1 for path, _ in walk(rest)):
            told.add("stages")  # all of them need the matrix
        problems.extend(problem for problem in more if problem.path not in told)
        raise_all(problems, places)
        raise InvalidRecipeError(problems)
    expanded = write_out(expanded)
    places = Places(expanded)
    draft = validate(expanded, places, problems, known)
    draft.recipe = draft.recipe.knowing(_with_files(draft, path))
    choice = draft.recipe.backbone
    backbone = find_backbone(choice.name, path.parent) if find_backbone else None
    backbone = choice.told(backbone) if backbone is not None else None
    draft.used = _look(draft, path.parent, backbone, look)
    if backbone is not None:
        # Both checks then tell a problem in the same words, so it appears once.
        draft.recipe = draft.recipe.on(backbone.layers)
    check(draft)
    if backbone is not None:
        check_against_backbone(draft, backbone)
    raise_all(problems, places)
    return LoadedRecipe(draft.recipe, places, path, backbone, draft.used)


def _tasks(root: Node, base: Path, named: Sequence[Path], problems: list[Problem]) -> Catalogue:
    """The tasks that a recipe can name; problems of entries become problems of the recipe."""
    node = root.value.get("tasks") if isinstance(root.value, dict) else None
    listed = node.value if node is not None and isinstance(node.value, list) else []
    own = [
        base / item.value for item in listed if isinstance(item.value, str) and item.value.strip()
    ]
    try:
        return own_catalogue([*own, *named, *configured()])
    except InvalidRecipeError as error:
        raise_all([*problems, *error.problems], Places(root))
        raise


def _with_files(draft: Draft, path: Path) -> Catalogue:
    """The tasks, including those that stages name by files; wrong files are reported later."""
    found: dict[str, tuple[Task, Home]] = {}
    for stage in draft.recipe.stages.values():
        with suppress(ValueError):
            for task in kind_of(stage).named_files(stage):
                found.setdefault(task.name, (task, Home(path, path.parent)))
    known = draft.recipe.catalogue
    if not found.keys() - known.keys():
        return known
    return known.with_own({name: found[name] for name in found.keys() - known.keys()})


def _look(draft: Draft, base: Path, backbone: Backbone | None, look: bool) -> dict[str, Used]:
    """The models that `use` stages name; unusable ones become problems of the recipe."""
    found = {}
    for name, stage in draft.recipe.stages.items():
        at = ("stages", name)
        if not look or not draft.knows(at, *type(stage).model_fields):
            continue
        try:
            used = kind_of(stage).look_at(stage, base, backbone, draft.tasks)
        except AdapterXLTError as error:
            draft.refuse((*at, stage.key), error.message, error.hint)
            continue
        if used is not None:
            found[name] = used
    return found


def raise_all(problems: Sequence[Problem], places: Places) -> None:
    """Raise the problems, sorted by file and line; those that the matrix repeats appear once."""
    kept: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        kept.setdefault((places.origin(problem.path), problem.message), problem)
    if kept:
        files = list(dict.fromkeys(problem.file for problem in kept.values()))
        raise InvalidRecipeError(
            sorted(kept.values(), key=lambda problem: (files.index(problem.file), problem.line))
        )
