"""The JSON Schema of a recipe as people write it; editors complete and check with it.

The models describe a recipe whose short forms are spelled out and whose matrix is expanded. A file
has single values in place of lists, names in place of mappings, and `${...}` in its stages. A part
that other recipes include has no name, and its stages may leave out what kind they are of.
"""

from __future__ import annotations

from collections.abc import Collection

from adapterxlt.documents.json_schema import DIALECT, Schema, or_list, untitled
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.schema import Recipe

_PLACEHOLDER: Schema = {"$ref": "#/$defs/Placeholder"}
# Models that a text alone may stand for: a name of a backbone or a task, an address.
_BY_NAME = ("BackboneChoice", "DevOf", "Remote", "TaskData")
# Keys whose single value stands for a list of one, besides those of each kind.
_SINGLE = ("data", "tasks", "train", "language", "translated")
_ABOUT = ("description", "default")  # what stays with the key when its value may be another


def recipe_schema() -> Schema:
    """Return the schema; it knows the stage kinds of installed packages too."""
    document: Schema = untitled(Recipe.model_json_schema())
    definitions: dict[str, Schema] = document["$defs"]
    del definitions["Stage"]  # the base of all kinds; a stage always has one of the kinds
    properties = document["properties"] = _written(document["properties"], _SINGLE)
    for name in ("TrainingBlock", "StoreSettings"):
        properties_of = definitions[name]["properties"]
        definitions[name]["properties"] = _written(properties_of, _SINGLE)
    for key in ("training", "store", "compare", "resources", "backbone"):
        del properties[key]["default"]  # whole mappings; their own keys have defaults
    stages = {key: _stage(key, definitions) for key in KINDS}
    needed = [{"required": schema.pop("required")} for schema in stages.values()]
    definitions["Placeholder"] = {
        "type": "string",
        "pattern": r"\$\{[^}]*\}",
        "description": "A value of the matrix, such as ${seed} or ${target.cap}.",
    }
    (name,) = properties["stages"].pop("patternProperties")
    properties["stages"] |= {
        "propertyNames": {"anyOf": [{"pattern": name, "maxLength": 80}, _PLACEHOLDER]},
        "additionalProperties": _of_any_kind(stages, definitions),
    }
    properties["include"] = {
        **or_list({"type": "string"}),
        "description": "Files whose keys are taken over; what this file says wins.",
    }
    properties["matrix"] = {
        "type": "object",
        "description": "Variables and their values; a stage with ${variable} in its name is "
        "repeated for each of them.",
    }
    del document["required"]
    return document | {
        "$schema": DIALECT,
        "description": "A recipe, or a part that other recipes include.",
        "additionalProperties": False,
        # A whole recipe: a part has no name, and one that includes others may be completed by them.
        "if": {"required": ["name"], "not": {"required": ["include"]}},
        "then": {
            "required": ["stages"],
            "properties": {"stages": {"additionalProperties": {"anyOf": needed}}},
        },
    }


def _stage(key: str, definitions: dict[str, Schema]) -> Schema:
    """The schema of the stages of one kind; the definitions that it uses go into `definitions`."""
    kind = KINDS[key]
    schema: Schema = untitled(kind.model.model_json_schema())
    for name, definition in schema.pop("$defs", {}).items():
        definition["properties"] = _in_matrix(_written(definition["properties"], _SINGLE))
        definitions[name] = definition
    schema["properties"] = _in_matrix(_written(schema["properties"], (*_SINGLE, *kind.lists)))
    return schema


def _of_any_kind(stages: dict[str, Schema], definitions: dict[str, Schema]) -> Schema:
    """The schema of the kind that the keys of a stage tell, so that problems are those of it."""
    shared: dict[str, list[Schema]] = {}
    for schema in stages.values():
        for name, value in schema["properties"].items():
            if name not in stages and value not in shared.setdefault(name, []):
                shared[name].append(value)
    # Part of a stage whose other part is in an included or including file.
    definitions["PartOfStage"] = {
        "type": "object",
        "properties": {
            name: values[0] if len(values) == 1 else {"anyOf": values}
            for name, values in shared.items()
        },
        "additionalProperties": False,
    }
    for schema in stages.values():  # most kinds share most keys: written once
        for name in schema["properties"]:
            if len(shared.get(name, ())) == 1:
                schema["properties"][name] = {"$ref": f"#/$defs/PartOfStage/properties/{name}"}
    # `fuse` has `train` as a setting: a kind comes before those whose keys are settings of it.
    order = sorted(stages, key=lambda key: -len(stages[key]["properties"].keys() & stages.keys()))
    chosen: Schema = {"$ref": "#/$defs/PartOfStage"}
    for key in reversed(order):
        chosen = {"if": {"required": [key]}, "then": stages[key], "else": chosen}
    return chosen


def _written(properties: dict[str, Schema], single: Collection[str]) -> dict[str, Schema]:
    """The keys of a model with the short forms that files may have for their values."""
    found = {key: _named(schema) for key, schema in properties.items()}
    for key in single:
        if key in found:
            found[key] = _single(found[key])
    if "language_adapters" in found:  # a pattern for names of stages
        found["language_adapters"]["anyOf"].append({"type": "string"})
    return found


def _named(schema: Schema) -> Schema:
    """Allow a text in place of each model that has a name."""
    if str(schema.get("$ref", "")).rpartition("/")[2] in _BY_NAME:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"type": "string"}, {"$ref": schema["$ref"]}], **rest}
    changed = dict(schema)
    if "items" in schema:
        changed["items"] = _named(schema["items"])
    if "anyOf" in schema:
        changed["anyOf"] = [_named(option) for option in schema["anyOf"]]
    return changed


def _single(schema: Schema) -> Schema:
    """Allow one value in place of a list with one item."""
    if schema.get("type") == "array":
        kept: Schema = {key: schema[key] for key in _ABOUT if key in schema}
        listed = {key: value for key, value in schema.items() if key not in kept}
        return {"anyOf": [schema["items"], listed], **kept}
    if "anyOf" in schema:
        return {**schema, "anyOf": [_single(option) for option in schema["anyOf"]]}
    return schema


def _in_matrix(properties: dict[str, Schema]) -> dict[str, Schema]:
    """The keys of a model; any value may be a placeholder."""
    return {key: _filled(schema) for key, schema in properties.items()}


def _filled(schema: Schema) -> Schema:
    kept: Schema = {key: schema[key] for key in _ABOUT if key in schema}
    plain = {key: value for key, value in schema.items() if key not in kept}
    if "items" in plain:
        plain["items"] = _filled(plain["items"])
    if isinstance(plain.get("additionalProperties"), dict):
        plain["additionalProperties"] = _filled(plain["additionalProperties"])
    if "anyOf" in plain:
        options = [_filled(option) for option in plain["anyOf"]]
        # One level of options is easier to read, for people and for editors.
        flat = [inner for option in options for inner in option.get("anyOf", [option])]
        flat = [option for option in flat if option != _PLACEHOLDER]
        return {"anyOf": [*flat, _PLACEHOLDER], **kept}
    if plain == {"type": "string"} or plain == {"type": "null"}:
        return schema
    return {"anyOf": [plain, _PLACEHOLDER], **kept}
