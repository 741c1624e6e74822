"""`adapterxlt suggest`: trained stages are ranked for a target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapterxlt.bundled import bundled
from adapterxlt.cli.main import cli
from adapterxlt.cli.suggest import _plain

ADAPTERS = bundled("artifacts/adapters")


def suggest(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["suggest", *map(str, arguments)])


def test_a_target_with_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ["pawsx", ADAPTERS / "nli", ADAPTERS / "qa", "--sample", 60, "--workdir", tmp_path]
    told = suggest(*call, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["target"] == "pawsx"
    ranking = {one["model"]: one for one in found["ranking"]}
    assert ranking.keys() == {"none", "nli", "qa"}
    probes = [one["linear probe"] for one in found["ranking"]]
    assert probes == sorted(probes, reverse=True)
    assert {name: (one["trained on"], one["MNLI"]) for name, one in ranking.items()} == {
        "none": (0, 0), "nli": (3865, 1), "qa": (1962, 0)
    }  # fmt: skip
    # The same again, and all the stages of that work folder: nothing is measured twice.
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shown = suggest("pawsx", tmp_path, "--sample", 60)
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert [line[0] for line in lines if line[:1] and line[0] in ranking] == list(ranking)
    assert "ranking/" not in shown.stderr
    assert list((tmp_path / "here").iterdir()) == []


def test_the_models_of_one_work_folder_are_measured_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = {
        "name": "r",
        "backbone": "mini",
        "data": ["pocket"],
        "training": {"max_steps": 1, "max_length": 32, "cap": 8},
        "stages": {
            "sparse": {"train": "pawsx", "method": "sft[density=0.1]"},
            "tags": {"train": "panx"},
        },
    }
    Path("r.json").write_text(json.dumps(recipe), encoding="utf-8")
    assert CliRunner().invoke(cli, ["run", "r.json", "--workdir", "w"]).exit_code == 0
    store = {*Path("w/store").glob("[0-9a-f][0-9a-f]/*")}
    call = ["udpos", "--sample", 20, "--data", "pocket"]
    told = suggest(*call, "w", "--json")
    assert told.exit_code == 0, told.output
    ranked = {one["model"]: one for one in json.loads(told.stdout)["ranking"]}
    assert ranked.keys() == {"none", "sparse", "tags"}  # and not the first half of `sparse`
    assert "added to the work folder" not in told.stderr
    assert "ranking" in Path("w/results.json").read_text(encoding="utf-8")
    added = {*Path("w/store").glob("[0-9a-f][0-9a-f]/*")} - store
    assert len(added) == 3  # the figures of each
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "w"}
    # Elsewhere, they are copied, and told by name.
    other = suggest(*call, "w:tags", "--workdir", "v")
    assert f"{tmp_path / 'w'}:tags: verified and added to the work folder" in other.stderr


@pytest.mark.parametrize("target", ["xquad", "xcopa"])
def test_a_target_whose_examples_have_parts(target: str, tmp_path: Path) -> None:
    call = [target, "none", ADAPTERS / "qa", "--sample", 40, "--workdir", tmp_path, "--json"]
    told = suggest(*call)
    assert told.exit_code == 0, told.output
    ranking = {one["model"]: one for one in json.loads(told.stdout)["ranking"]}
    assert ranking.keys() == {"none", "qa"}
    assert ranking["none"]["H-score"] != ranking["qa"]["H-score"]
    # One point an example: of 40 at most.
    for one in ranking.values():
        share = one["linear probe"] * 40 / 100
        assert 0 < one["linear probe"] <= 100
        assert share == pytest.approx(round(share)) or target == "xquad"


def test_a_retrieval_target(tmp_path: Path) -> None:
    data = tmp_path / "data" / "tatoeba"
    data.mkdir(parents=True)
    for side, lines in (("de", ["Guten Morgen", "Hund"]), ("en", ["Good morning", "dog"])):
        (data / f"de-en.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = suggest(
        "tatoeba", ADAPTERS / "nli", "--data", tmp_path / "data", "--workdir", tmp_path, "--json"
    )
    assert told.exit_code == 0, told.output
    ranking = json.loads(told.stdout)["ranking"]
    assert {one["model"] for one in ranking} == {"none", "nli"}
    assert all(0 <= one["accuracy"] <= 100 and 0 <= one["layer"] <= 4 for one in ranking)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["pawx", ADAPTERS / "nli"], 2, "did you mean `pawsx`?"),
        (["stsb", ADAPTERS / "nli"], 2, "whose examples do not have one class each"),
        (["pawsx", "nowhere:nli"], 2, "there is no such file or folder"),
        (["pawsx", "https://x.example/nli.axlt"], 2, "use --backbone"),
        (["pawsx", ADAPTERS / "nli", "mini"], 2, "error: mini: is a backbone, not a trained model"),
        (["pawsx", ADAPTERS / "nli", "minni"], 2, "error: minni: there is no such file or folder"),
        (["pawsx", "none"], 2, "`none` is always ranked"),
        (["mlm", ADAPTERS / "nli"], 2, "`mlm` is masked language modelling, whose examples"),
        (
            ["pawsx", ADAPTERS / "nli", "--language", "sw", "--data", "pocket"],
            5,
            "no train data of `pawsx` in language `sw`\n  `suggest` takes its sample from them; "
            "choose a language that has them: en\n",
        ),
        (
            ["pawsx", ADAPTERS / "nli", "--language", "xx"],
            5,
            "no train data of `pawsx` in language",
        ),
        (["pawsx", ADAPTERS / "nli", ADAPTERS], 2, f"error: {ADAPTERS}: is a folder, but not"),
    ],
)
def test_what_cannot_be_ranked(arguments: list[object], code: int, message: str) -> None:
    told = suggest(*arguments)
    assert told.exit_code == code, told.output
    assert message in told.output


@pytest.mark.parametrize(
    ("model", "name"),
    [("runs:nli", "nli"), ("shared/nli.axlt", "nli"), ("a/b/", "b"), ("runs:none", "none-1"),
     ("s3://team/3f2a?x=1", "3f2a_x_1"), ("...", "model")],
)  # fmt: skip
def test_names(model: str, name: str) -> None:
    assert _plain(model) == name
