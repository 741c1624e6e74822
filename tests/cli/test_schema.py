"""The published JSON Schemas are those of the models, and what ships is right by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pydantic
import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.documents.nodes import plain
from adapterxlt.documents.yaml_lines import read_file, read_text

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMAS = CHECKOUT / "adapterxlt" / "schemas"
SHIPPED = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for folder in ("recipes", "adapterxlt/tasks/entries")
    for path in (CHECKOUT / folder).rglob("*.yaml")
)


def printed(what: str) -> str:
    result = CliRunner().invoke(cli, ["schema", what])
    assert result.exit_code == 0, result.output
    return result.stdout


@cache
def problems_of(what: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(printed(what))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(text: str, what: str = "recipe") -> list[str]:
    tree = plain(read_text(text, "file.yaml", []))
    return [error.json_path for error in problems_of(what).iter_errors(tree)]


# Other versions of pydantic write the same schema in other words.
@pytest.mark.skipif(
    f"pydantic=={pydantic.VERSION}"
    not in (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines(),
    reason="the files are those of the pinned pydantic",
)
@pytest.mark.parametrize("what", ["recipe", "task"])
def test_the_published_schema_is_the_printed_one(what: str) -> None:
    published = (SCHEMAS / f"{what}.json").read_text(encoding="utf-8")
    assert published == printed(what), (
        f"write it anew: adapterxlt schema {what} > adapterxlt/schemas/{what}.json"
    )


def test_every_shipped_file_names_its_schema() -> None:
    assert len(SHIPPED) > 100
    for name in SHIPPED:
        path = CHECKOUT / name
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        head, _, schema = first.partition("=")
        assert head == "# yaml-language-server: $schema", name
        assert (path.parent / schema).resolve() in {
            SCHEMAS / "recipe.json",
            SCHEMAS / "task.json",
        }, name


@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_file_is_marked(name: str) -> None:
    path = CHECKOUT / name
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    what = Path(first.partition("=")[2]).stem
    tree = plain(read_file(path, name, []))
    assert [error.message for error in problems_of(what).iter_errors(tree)] == []


def stage(body: str) -> str:
    return f"name: r\nstages: {{a: {body}}}"


@pytest.mark.parametrize(
    "text",
    [
        stage("{train: mnli}"),
        stage("{train: [mnli, {task: squad, language: all, cap: 100}], lr: 1e-3}"),
        stage('{train: "${x}", epochs: "${x.epochs}", keep: "${x.keep}"}'),
        stage('{evaluate: "${x}", on: "${x}", languages: "${x.languages}"}'),
        stage("{fuse: [b, c], train: mnli, language_adapters: 'lang_{language}'}"),
        stage("{merge: [b, c], how: greedy, on: xnli}"),
        "include: parts/base.yaml\nstages: {a: {lr: 1e-3}}",
        "training: {lr: 1e-3}",
    ],
)
def test_what_may_be_written_is_not_marked(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (stage("{train: mnli, lr: fast}"), "$.stages.a.lr"),
        (stage("{train: mnli, methood: lora}"), "$.stages.a"),
        (stage("{train: {task: mnli, split: none}}"), "$.stages.a.train"),
        (stage("{evaluate: b}"), "$.stages.a"),  # `on` is missing
        (stage("{lr: 1e-3}"), "$.stages.a"),  # does nothing
        ('name: r\nseed: "${x}"\nstages: {a: {train: mnli}}', "$.seed"),  # in stages only
        ("name: r", "$"),
        ("nmae: r", "$"),
    ],
)
def test_what_is_wrong_is_marked_where_it_is(text: str, where: str) -> None:
    assert problems(text) == [where]


def test_entries_are_checked_by_the_schema_of_tasks() -> None:
    entry = "kind: tagging\nlanguages: [en]\nformat: conll\nfiles: ner/{lang}.txt\n"
    assert problems(entry, "task") == []
    assert problems(entry + "headr: true", "task") == ["$"]


def keys_without_words(schema: Any, path: str = "$") -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.get("properties", {}).items():
            if not {"description", "$ref"} & value.keys() and not path.endswith("PartOfStage"):
                yield f"{path}.{key}"
        for key, value in schema.items():
            if key != "then":  # adds what is required
                yield from keys_without_words(value, f"{path}.{key}")


@pytest.mark.parametrize("what", ["recipe", "task"])
def test_every_key_has_a_sentence(what: str) -> None:
    assert list(keys_without_words(json.loads(printed(what)))) == []
