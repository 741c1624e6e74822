"""`adapterxlt list`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.execution import opening as recipes


def listed(what: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(cli, ["list", what, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    records = document[what]
    assert isinstance(records, list)
    return records


def test_tasks() -> None:
    xnli = next(record for record in listed("tasks") if record["task"] == "xnli")
    assert {key: xnli[key] for key in ("kind", "languages", "trains on", "main metric")} == {
        "kind": "pair_classification",
        "languages": 15,
        "trains on": "mnli",
        "main metric": "accuracy",
    }
    assert xnli["labels"] == ["entailment", "neutral", "contradiction"]
    assert xnli["presets"] == ["xtreme-2020", "xtreme-head", "jiant"]
    assert "xtreme" in str(xnli["layouts"])
    assert str(xnli["citation"]).startswith("Conneau et al. 2018")


def test_tasks_are_grouped_by_benchmark_and_fit_a_page() -> None:
    text = CliRunner().invoke(cli, ["list", "tasks"], env={"COLUMNS": "100"}).stdout
    assert text.index("intermediate tasks") < text.index("XTREME\n") < text.index("XGLUE, ")
    assert text.index("others\n") < text.index("masakhanews")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    for record in listed("tasks"):
        assert any(f" {record['task']} " in line and str(record["title"]) in line for line in lines)


@pytest.mark.parametrize("what", ["tasks", "methods", "backbones", "recipes", "presets"])
def test_everything_fits_a_narrow_terminal_uncut(what: str) -> None:
    text = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["list", what]).stdout
    assert max(map(len, text.splitlines())) <= 80
    names = [str(value) for record in listed(what) for value in list(record.values())[:1]]
    assert [name for name in names if name not in text] == []
    if what == "presets":
        assert "14 of 24" in text
        assert "udpos, panx" in text


def test_methods_with_their_parameters() -> None:
    methods = {record["method"]: record for record in listed("methods")}
    assert {"full", "seq_bn", "lora", "prefix_tuning", "ia3", "unipelt"} <= methods.keys()
    parameters = methods["lora"]["parameters"]
    assert isinstance(parameters, dict)
    assert (parameters["r"], parameters["alpha"]) == (8, 8)
    defaults = {name: (methods[name]["lr"], methods[name]["epochs"]) for name in ("full", "lora")}
    assert defaults == {"full": (2e-5, 3), "lora": (5e-4, 5)}
    text = CliRunner().invoke(cli, ["list", "methods"]).stdout
    assert "  seq_bn: mh_adapter=False" in text
    assert "  dora: use_dora=True" in text  # only what differs from lora


def test_methods_count_what_they_train_on_a_backbone() -> None:
    text = CliRunner().invoke(cli, ["list", "methods", "--backbone", "mini", "--json"]).stdout
    methods = {record["method"]: record for record in json.loads(text)["methods"]}
    assert methods["full"]["share"] == "100.00 %"
    assert methods["head"]["trained"] == 0
    # Of 4 layers, each with down 192 x 12 + 12, up 12 x 192 + 192.
    assert methods["seq_bn"]["trained"] == 4 * (192 * 12 + 12 + 12 * 192 + 192)
    assert methods["lora"]["trained"] == 4 * 2 * 2 * 8 * 192
    assert methods["compacter"]["trained"] == "-"
    told = CliRunner().invoke(cli, ["list", "methods", "--backbone", "mini"]).stdout
    assert "without heads" in told
    assert "compacter" in told.split("without heads")[1]
    refused = CliRunner().invoke(cli, ["list", "tasks", "--backbone", "mini"])
    assert "--backbone works with `adapterxlt list methods`" in refused.output


def test_presets_name_their_source() -> None:
    text = CliRunner().invoke(cli, ["list", "presets"]).stdout
    assert {record["preset"] for record in listed("presets")} >= {"xtreme-2020", "jiant"}
    assert "google-research/xtreme" in text
    assert max(map(len, text.splitlines())) <= 100


def test_presets_give_the_published_hyper_parameters() -> None:
    document = json.loads(CliRunner().invoke(cli, ["list", "presets", "--json"]).stdout)
    rows = [row for row in document["task_presets"] if row["tasks"] == "xglue_mlqa"]
    assert [(row["preset"], row["lr"], row["batch"], row["stride"]) for row in rows] == [
        ("unicoder", "3e-05", "12", "128")
    ]
    assert "microsoft/Unicoder" in CliRunner().invoke(cli, ["list", "presets"]).stdout


def test_backbones_name_the_hub_models() -> None:
    names = {record["backbone"] for record in listed("backbones")}
    assert {"xlm-roberta-base", "xlm-roberta-large"} <= names


def test_recipes_with_their_descriptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.yaml").write_text("name: one\ndescription: What it is for.\n")
    (tmp_path / "two.yaml").write_text("name: two\n")
    monkeypatch.setattr(recipes, "bundled", lambda relative: tmp_path)
    assert listed("recipes") == [
        {"recipe": "one", "what": "What it is for."},
        {"recipe": "two", "what": ""},
    ]


def test_an_unknown_listing() -> None:
    result = CliRunner().invoke(cli, ["list", "task"])
    assert result.exit_code == 2
    assert "tasks" in result.stderr


def test_one_task_and_where_its_files_are_searched() -> None:
    text = CliRunner().invoke(cli, ["list", "tasks", "tatoeba"], env={"COLUMNS": "100"}).stdout
    rows = [line.split() for line in text.splitlines()]
    assert ["xtreme", "test", "source", "tatoeba/{lang}-en.{lang}"] in rows
    assert ["hub", "test", "google/xtreme/tatoeba.{iso3}/validation-*.parquet"] in rows
    assert "kind: sentence_retrieval" in text
    assert "mnli" not in text
    (record,) = json.loads(CliRunner().invoke(cli, ["list", "tasks", "pawsx", "--json"]).stdout)[
        "tasks"
    ]
    assert record["files"]["xtreme"]["dev"] == {"data": "pawsx/dev-{lang}.tsv"}
    assert record == next(one for one in listed("tasks") if one["task"] == "pawsx")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tasks", "pawsxx"], "unknown task `pawsxx`\n  did you mean `pawsx`?"),
        (["methods", "lora"], "a name works with `adapterxlt list tasks`"),
    ],
)
def test_what_cannot_be_listed_alone(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["list", *arguments])
    assert (result.exit_code, message in result.stderr) == (2, True)
