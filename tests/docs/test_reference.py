"""Every command, option, key and public name is in the generated reference, with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter

import adapterxlt
from adapterxlt.cli.main import cli
from adapterxlt.kinds.registry import KINDS
from adapterxlt.methods.table import METHODS
from adapterxlt.metrics.facts import METRICS
from adapterxlt.recipe.kinds import KINDS as KINDS_OF_STAGES
from adapterxlt.retrieval.protocols import OPTIONS, PROTOCOLS
from adapterxlt.tasks.catalogue import catalogue
from tools.docs import catalogue as listed
from tools.docs import commands, documents, recipe_keys
from tools.docs.links import without_source_links
from tools.docs.markdown import anchor, arguments, escape, sentence
from tools.docs.parts import PARTS, filled
from tools.docs.types import words

ROOT = Path(__file__).resolve().parent.parent.parent


def models() -> dict[str, type[BaseModel]]:
    return recipe_keys.BLOCKS | recipe_keys.stage_kinds()


@pytest.mark.parametrize(("block", "key"), list(recipe_keys.every_key()))
def test_every_recipe_key_has_a_sentence_and_an_example(block: str, key: str) -> None:
    field = models()[block].model_fields.get(key)
    said = field.description if field else recipe_keys.BEFORE[key][1]
    assert len((said or "").split()) > 1, f"{block}.{key}"
    example: Any = recipe_keys.examples()[block][key]
    if block in KINDS_OF_STAGES and key in KINDS_OF_STAGES[block].lists:
        example = example if isinstance(example, list) else [example]
    if field is not None and key != "stages":
        TypeAdapter(Annotated[field.annotation, field]).validate_python(example)


def test_examples_are_of_keys_that_there_are() -> None:
    given = {(block, key) for block, keys in recipe_keys.examples().items() for key in keys}
    assert given == set(recipe_keys.every_key())


def test_every_key_of_every_stage_is_on_the_page() -> None:
    page = filled((ROOT / "docs/reference/recipe.md").read_text(encoding="utf-8"))
    for kind, model in recipe_keys.stage_kinds().items():
        assert f"{{: #stage-{kind} }}" in page
        for key in model.model_fields:
            assert f">`{key}`" in page.replace("</a>", ">"), f"{kind}.{key}"


def test_every_command_and_option_has_a_sentence() -> None:
    page = PARTS["commands"]()
    seen = 0
    for path, command, ctx in commands.every_command():
        assert f"## adapterxlt {' '.join(path)} " in page
        assert (command.help or " ")[0].isupper(), path
        for option in commands.options_of(command):
            seen += 1
            record = option.get_help_record(ctx)
            assert record is not None
            assert len(option.help or "") > 5, f"{' '.join(path)} {record[0]}"
            assert record[0].replace("|", "\\|") in page
    assert seen > 100


def test_every_verb_of_the_command_line_is_there() -> None:
    tops = {path[0] for path, _, _ in commands.every_command()}
    assert tops == set(cli.list_commands(None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("tasks", list(catalogue())),
        ("task kinds", list(KINDS)),
        ("methods", list(METHODS)),
        ("metrics", list(METRICS)),
        ("protocols", [*PROTOCOLS, *(f"+{name}" for name in OPTIONS)]),
    ],
)
def test_everything_that_has_a_name_is_there(part: str, names: list[str]) -> None:
    page = PARTS[part]()
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("what", "names"),
    [("kinds", KINDS), ("metrics", METRICS), ("options", OPTIONS)],
)
def test_no_sentence_is_about_what_there_is_not(what: str, names: dict[str, Any]) -> None:
    assert set(listed.said(what)) == set(names)


def test_every_key_of_a_task_entry_has_a_sentence() -> None:
    bare = [key for key, model in listed.entry_keys() if not model.model_fields[key].description]
    assert bare == []


def test_every_public_name_is_documented() -> None:
    public = [name for name in getattr(adapterxlt, "__all__", ()) if not name.startswith("_")]
    page = documents.python()
    for name in public:
        assert f"::: adapterxlt.{name}" in page, name
        assert getattr(adapterxlt, name).__doc__, name


def test_exit_codes_are_those_of_the_errors() -> None:
    page = documents.exit_codes()
    for number in (0, 1, 2, 3, 4, 5, 130):
        assert f"\n| {number} | " in page
    assert "`InvalidArtifactError`" in page


def test_rows_and_manifests_are_told_field_by_field() -> None:
    assert "`recipe_id`" in documents.row_fields()
    assert "`fingerprint`" in documents.manifest_fields()


def test_the_reference_needs_no_torch() -> None:
    code = (
        "import sys\nfrom tools.docs.parts import PARTS\n[make() for make in PARTS.values()]\n"
        "print(sorted({'torch', 'transformers', 'adapters', 'faiss'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == []


def test_descriptions_become_sentences() -> None:
    assert sentence("peak learning\n rate") == "Peak learning rate."
    assert sentence("`none` is bare.") == "`none` is bare."
    assert sentence("") == ""
    assert escape("a_b <x> `c_d`") == "a\\_b \\<x\\> `c_d`"
    assert anchor("train", "stack_on") == '<a id="train-stack-on"></a>'


def test_docstrings_are_read_by_argument() -> None:
    told = arguments(
        "One.\n\n    Args:\n        a: first\n            and more.\n        b, c: both.\n"
    )
    assert told == {"a": "first and more.", "b": "both.", "c": "both."}


def test_types_are_put_into_words() -> None:
    assert words({"type": "integer", "minimum": 1, "maximum": 64}) == (
        "whole number, at least 1, at most 64"
    )
    assert words({"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}) == "`a` or `b`"
    assert words({"type": "array", "items": {"type": "string"}}) == "list of texts"
    assert words({"type": "object", "additionalProperties": {"type": "number"}}) == (
        "mapping of names to numbers"
    )


def test_links_to_the_checkout_become_paths(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "a" / "page.md"
    text = (
        "[run](../../adapterxlt/run.py) [b](b.md) [c](https://c.org)\n```\n[x](../../x.py)\n```\n"
    )
    assert without_source_links(text, page, tmp_path) == (
        "`adapterxlt/run.py` [b](b.md) [c](https://c.org)\n```\n[x](../../x.py)\n```\n"
    )


def test_docstrings_are_rewritten_for_griffe() -> None:
    griffe = pytest.importorskip("griffe", reason="mkdocstrings is not installed")
    assert griffe
    from tools.docs.docstrings import for_griffe

    text = "One.\n\nArgs:\n    a, b: both,\n        and more.\n\nExample:\n    >>> 1\n"
    assert for_griffe(text) == (
        "One.\n\nArgs:\n    a: both,\n        and more.\n    b: both,\n        and more.\n\n"
        "Examples:\n    >>> 1\n"
    )
