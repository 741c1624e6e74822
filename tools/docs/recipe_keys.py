"""Every key of a recipe: what it is, what it may be, its default, an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from adapterxlt.recipe.kinds import BUILT_IN, KINDS
from adapterxlt.recipe.language_adapters import SpeakingStage
from adapterxlt.recipe.resources import Resources
from adapterxlt.recipe.schema import (
    BackboneChoice,
    Compare,
    Recipe,
    Stage,
    StoreSettings,
    TrainingBlock,
)
from adapterxlt.recipe.task_data import TaskData
from adapterxlt.stages.merging.keys import DevOf
from tools.docs.markdown import anchor, code, escape, first_paragraphs, sentence, table
from tools.docs.types import words

EXAMPLES = Path(__file__).with_name("examples.yaml")

# What a recipe may say that no model has: it is gone once the file is read.
BEFORE = {
    "include": (
        "text or list of texts",
        "Other files whose keys are taken over; what this file says wins. Paths are relative to "
        "the file, and stay inside the folder of the recipe.",
    ),
    "matrix": (
        "mapping of names to lists",
        "Repeats stages: once for each value of each name that the stage's name contains as "
        "`${name}`; `include` and `exclude` choose among combinations.",
    ),
}
# What belongs together, by the name that examples have it under. One table each.
BLOCKS: dict[str, type[BaseModel]] = {
    "recipe": Recipe,
    "backbone": BackboneChoice,
    "training": TrainingBlock,
    "language_adapters": SpeakingStage,
    "task": TaskData,
    "on_of_greedy": DevOf,
    "resources": Resources,
    "store": StoreSettings,
    "compare": Compare,
}


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """An example value of each key, by block or stage kind."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    return found


def stage_kinds() -> dict[str, type[Stage]]:
    """The project's own stage kinds, in the order of the page."""
    return {key: KINDS[key].model for key in reversed(BUILT_IN)}


def own_keys(name: str, model: type[BaseModel]) -> list[str]:
    """The keys of a block that no block above has just so."""
    shared: dict[str, str | None] = {}
    if name not in BLOCKS or name == "language_adapters":
        bases: list[type[BaseModel]] = [TrainingBlock, Stage]
        if name != "language_adapters":
            bases.append(SpeakingStage)
        for base in bases:
            if issubclass(model, base):
                shared |= {key: field.description for key, field in base.model_fields.items()}
    return [
        key
        for key, field in model.model_fields.items()
        if key not in shared or field.description != shared[key]
    ]


def block(name: str, model: type[BaseModel]) -> str:
    """The table of a block's own keys."""
    schema = model.model_json_schema()["properties"]
    rows = []
    for key in own_keys(name, model):
        field = model.model_fields[key]
        default: Any = field.get_default(call_default_factory=True)
        rows.append(
            (
                anchor(name, key) + code(key),
                escape(sentence(field.description or "")) + f"<br>*{words(schema[key])}*"
                f"; {_default(default)}",
                _key(name, key),
            )
        )
    if model is Recipe:
        for key, (kind, text) in BEFORE.items():
            cells = (f"{text}<br>*{kind}*; optional", _key(name, key))
            rows.append((anchor(name, key) + code(key), *cells))
    return table(("key", "what it is", "example"), rows)


def stages() -> str:
    """One section a stage kind."""
    return "\n\n".join(_stage(key, model) for key, model in stage_kinds().items())


def _stage(key: str, model: type[Stage]) -> str:
    more = ["[`resources`](#resources)"]
    if TrainingBlock in model.__mro__:
        more.insert(0, "all of [`training`](#training)")
    if SpeakingStage in model.__mro__:
        more.append("[`language_adapters` and `no_language_adapter`](#language-adapters)")
    also = "Also: " + ", ".join(more) + "."
    lists = [code(name) for name in KINDS[key].lists]
    alone = f" A single value may stand for a list of one in {', '.join(lists)}." if lists else ""
    title = f"### `{key}` {{: #stage-{key} }}"
    return f"{title}\n\n{first_paragraphs(model.__doc__)}\n\n{block(key, model)}\n\n{also}{alone}"


def every_key() -> Iterator[tuple[str, str]]:
    """Every key that has a row, with the name of its block."""
    for name, model in (BLOCKS | stage_kinds()).items():
        for key in own_keys(name, model):
            yield name, key
    for key in BEFORE:
        yield "recipe", key


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value == [] or value == {} or value == "":
        return "optional"
    if isinstance(value, BaseModel):
        name = getattr(value, "name", None)
        return f"default `{name}`" if name else "optional"
    return f"default {code(_flow(value))}"


def _key(name: str, key: str) -> str:
    """A key with its example, on one line."""
    return code(f"{key}: {_flow(examples()[name][key])}")


def _flow(value: Any) -> str:
    """A value as one writes it on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text.removesuffix("...\n").strip()
