"""Checks the raw tree of a recipe against the schema, in plain words.

A mapping with values that break the schema is kept without them, so that one bad key does not
hide what else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapterxlt.documents.nodes import KeyPath, Node, Places, plain
from adapterxlt.documents.words import translated
from adapterxlt.errors import Problem
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import BUILT_IN, KINDS
from adapterxlt.recipe.schema import Compare, Recipe, Stage, TrainingBlock
from adapterxlt.recipe.shorthand import single_keys
from adapterxlt.recipe.task_data import TaskData
from adapterxlt.suggest import closest
from adapterxlt.tasks.catalogue import Catalogue

M = TypeVar("M", bound=BaseModel)


def validate(root: Node, places: Places, problems: list[Problem], tasks: Catalogue) -> Draft:
    """Check the tree; every way in which it breaks the schema is added to `problems`."""
    tree = cast("dict[str, Any]", plain(root))
    given = "stages" in tree
    written = tree.pop("stages", None)
    lost: set[KeyPath] = set()
    block = _Schema(places, problems, lost)
    training = block.model(TrainingBlock, tree.pop("training", None) or {}, ("training",))
    stages = block.stages(written, given)
    block.misplaced(tree)
    rest = {**tree, "training": training or TrainingBlock(), "stages": stages}
    if "compare" in tree:
        rest["compare"] = block.model(Compare, tree["compare"], ("compare",)) or Compare()
    recipe = block.model(Recipe, rest, ())
    if recipe is None:  # the stages are sound, so continue with them
        recipe = Recipe.model_construct(name="", training=rest["training"], stages=stages)
    recipe = recipe.knowing(tasks)
    broken = frozenset(written) - set(stages) if isinstance(written, dict) else frozenset()
    return Draft(recipe, places, problems, frozenset(lost), broken)


class _Schema:
    """Makes models of mappings.

    Args:
        problems: added to.
        lost: paths of the values that were left out, added to.
    """

    def __init__(self, places: Places, problems: list[Problem], lost: set[KeyPath]) -> None:
        self.places = places
        self.problems = problems
        self.lost = lost

    def stages(self, written: object, given: bool) -> dict[str, Stage]:
        """Every stage that could be read."""
        if not isinstance(written, dict) or not written:
            message = "must be a mapping of names to stages" if given else "is missing"
            if written in ({}, None) and given:
                message = "has no stage"
            hint = "for example `nli: {train: mnli, method: seq_bn}`"
            self._refuse(("stages",), message, hint)
            return {}
        stages: dict[str, Stage] = {}
        for name, body in written.items():
            path: KeyPath = ("stages", name)
            if not isinstance(body, dict):
                self._refuse(path, "must be a mapping", _kinds_hint())
                continue
            kind = self._kind(body, path)
            stage = self.model(kind, body, path) if kind else None
            if stage is not None:
                stages[name] = stage
        return stages

    def misplaced(self, tree: dict[str, Any]) -> None:
        """Refuse the keys of stages and of `training` at the top, and take them out."""
        of_stages = {key for kind in BUILT_IN for key in KINDS[kind].model.model_fields}
        for key in tree.keys() & of_stages - Recipe.model_fields.keys():
            hint = "put it in `training` or in a stage"
            if key not in TrainingBlock.model_fields:
                hint = "put it in a stage"
            self._refuse((key,), "is not a key of the recipe itself", hint)
            del tree[key]

    def model(self, model: type[M], data: object, path: KeyPath) -> M | None:
        """The model of a mapping without its wrong values; None if nothing is left."""
        try:
            return model.model_validate(data, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
        if not isinstance(data, dict):
            self.problems.extend(
                translated(details, model, path, self.places, single=single_keys(model))
            )
            self.lost.add(path)
            return None
        known = [detail for detail in details if (*path, *detail["loc"][:1]) not in self.lost]
        self.problems.extend(translated(known, model, path, self.places, single=single_keys(model)))
        wrong = list(_wrong(model, data, details))
        self.lost.update((*path, *inner) for inner in wrong)
        try:
            return _rest(model, data, wrong)
        except ValidationError:
            return None

    def _kind(self, body: Mapping[str, object], path: KeyPath) -> type[Stage] | None:
        """The model of the stage kind that its keys tell; `fuse` goes with `train`."""
        told = [key for key in KINDS if key in body]
        if len(told) > 1:  # a key of one may be a setting of another
            fields = {key: KINDS[key].model.model_fields for key in told}
            told = [
                key
                for key in told
                if not any(key in fields[other] for other in told if other != key)
            ]
        if len(told) == 1:
            return KINDS[told[0]].model
        if told:
            listed = " and ".join(f"`{key}`" for key in told)
            self._refuse(path, f"has {listed}, but a stage does one thing")
            return None
        known = {key for kind in BUILT_IN for key in KINDS[kind].model.model_fields}
        for key in body:
            meant = None if key in known else closest(key, KINDS)
            if meant is not None:
                self._refuse(path, "does not say what to do", f"did you mean `{meant}`?")
                self.lost.update({(*path, key), (*path, meant)})
                return KINDS[meant].model
        self._refuse(path, "does not say what to do", _kinds_hint())
        return None

    def _refuse(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        self.problems.append(self.places.problem(path, message, hint))


def _wrong(
    model: type[BaseModel], data: Mapping[str, Any], details: Sequence[ErrorDetails]
) -> Iterator[KeyPath]:
    """The wrong keys, including the keys that misspelt ones were meant to be."""
    for detail in details:
        key, *inner = detail["loc"]
        items, fields = data.get("train"), TaskData.model_fields
        if key == "train" and len(inner) >= 2 and isinstance(inner[0], int):
            item = items[inner[0]] if isinstance(items, list) else items
            if isinstance(item, dict) and inner[1] in item and inner[1] != "task":
                yield (key, inner[0], inner[1])
                if detail["type"] == "extra_forbidden" and closest(str(inner[1]), fields):
                    yield (key, inner[0], str(closest(str(inner[1]), fields)))
                continue
        yield (str(key),)
        if detail["type"] == "extra_forbidden":
            meant = closest(str(key), model.model_fields)
            if meant is not None and meant not in data:
                yield (meant,)


def _rest(model: type[M], data: Mapping[str, Any], wrong: Sequence[KeyPath]) -> M:
    """The model without the wrong values; a required list that is missing is empty."""
    kept = {key: value for key, value in data.items() if (key,) not in wrong}
    if "train" in kept:
        items = kept["train"] if isinstance(kept["train"], list) else [kept["train"]]
        kept["train"] = [
            {key: value for key, value in item.items() if ("train", index, key) not in wrong}
            if isinstance(item, dict)
            else item
            for index, item in enumerate(items)
        ]
    needed = [
        key for key, field in model.model_fields.items() if field.is_required() and key not in kept
    ]
    # What a stage needs are texts, or lists; two items are enough for any.
    some: dict[str, tuple[object, object]] = {
        key: ("x", "") if model.model_fields[key].annotation is str else (["-", "-"], [])
        for key in needed
    }
    found = model.model_validate(
        {**kept, **{key: value for key, (value, _) in some.items()}}, strict=True
    )
    return found.model_copy(update={key: nothing for key, (_, nothing) in some.items()})


def _kinds_hint() -> str:
    return "a stage has one of " + ", ".join(f"`{key}`" for key in reversed(list(KINDS)))
