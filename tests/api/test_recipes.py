"""Recipes from Python: a path, a mapping, a checked one; results as rows, tables, pages, models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import adapterxlt as xlt

DATA = "".join(f"A {n} b.\tB {n} a.\t{n % 2}\n" for n in range(8))


def recipe(folder: Path, backbone: Path) -> dict[str, Any]:
    """What a recipe's file would hold, and its data."""
    (folder / "data" / "pawsx").mkdir(parents=True, exist_ok=True)
    for name in ("train-en", "dev-en", "dev-de"):
        (folder / "data" / "pawsx" / f"{name}.tsv").write_text(DATA, encoding="utf-8")
    return {
        "name": "small",
        "backbone": backbone,
        "data": [folder / "data"],
        "training": {"max_steps": 1, "max_length": 16},
        "stages": {
            "direct": {"train": "pawsx"},
            "again": {"train": "pawsx", "after": "direct"},
            "voted": {"ensemble": ["direct", "again"]},
            "scores": {"evaluate": ["direct", "again", "voted"], "on": "pawsx"},
        },
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> xlt.Results:
    folder = tmp_path_factory.mktemp("run")
    return xlt.run(recipe(folder, tiny_backbone), workdir=folder / "work", verbose=False)


def test_results_are_rows_and_tables(results: xlt.Results) -> None:
    kept = json.loads((results.workdir / "results.json").read_text())["rows"]
    assert [row.as_dict() for row in results.rows] == kept
    assert {(row.model, row.language) for row in results.rows} == {
        (model, language) for model in ("direct", "again", "voted") for language in ("en", "de")
    }
    table = results.table()
    assert "pawsx dev, accuracy" in table
    assert "again vs direct" in table
    assert "pawsx dev, accuracy" in results._repr_html_()
    assert "<pre>" in results._repr_html_()
    assert "6 rows" in repr(results)


def test_results_become_a_table_of_pandas(results: xlt.Results) -> None:
    pandas = pytest.importorskip("pandas")
    frame = results.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.value.tolist() == [row.value for row in results.rows]


def test_without_pandas_it_is_said_how_to_get_it(
    results: xlt.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(xlt.errors.MissingPackageError, match="pip install pandas"):
        results.to_pandas()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("r.html", "<!doctype html>"),
        ("r.md", "# Did the intermediate task help?"),
        ("r.csv", "again"),
        ("r.tex", "\\begin{tabular}"),
    ],
)
def test_reports(results: xlt.Results, tmp_path: Path, name: str, told: str) -> None:
    assert results.report(tmp_path / name) == tmp_path / name
    assert told in (tmp_path / name).read_text(encoding="utf-8")


def test_a_report_warns_of_values_that_were_edited(
    results: xlt.Results, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = results.workdir / "results.json"
    kept = path.read_text()
    document = json.loads(kept)
    document["rows"][0]["value"] += 1
    path.write_text(json.dumps(document))
    results.report(tmp_path / "r.md")
    path.write_text(kept)
    assert f"{path}: 1 value of stage `scores` of small is not what was measured" in caplog.text
    caplog.clear()
    results.report(tmp_path / "r.md")
    assert caplog.text == ""


def test_a_report_is_of_a_known_form(results: xlt.Results) -> None:
    with pytest.raises(xlt.errors.UsageError, match="its name does not tell the format"):
        results.report("report.doc")
    with pytest.raises(xlt.errors.UsageError, match="store"):
        results.report(results.workdir / "store" / "r.html")


def test_models_of_a_run(results: xlt.Results) -> None:
    assert results.stages == ("direct", "again", "voted")
    pair = ("A 1 b.", "B 1 a.")
    model = results.model("again")
    assert model.predict(pair) == xlt.load(f"{results.workdir}:again").predict(pair)
    assert results.model("voted").predict(pair).label in model.labels
    with pytest.raises(xlt.errors.UsageError, match="did you mean `direct`"):
        results.model("direkt")


def test_a_path_a_checked_recipe_and_overrides(
    tmp_path: Path, tiny_backbone: Path, results: xlt.Results
) -> None:
    content = recipe(tmp_path, tiny_backbone)
    content["data"], content["backbone"] = ["data"], str(tiny_backbone)
    path = tmp_path / "r.yaml"
    path.write_text(json.dumps(content))
    checked = xlt.validate(path, overrides={"stages.scores.languages": ["de"]})
    done = xlt.run(checked, workdir=results.workdir, verbose=False)
    assert {row.language for row in done.rows} == {"de"}
    # Nothing was trained again: it is the same data and the same backbone.
    assert done.model("again").fingerprint == results.model("again").fingerprint
    with pytest.raises(xlt.errors.UsageError, match="pass them to `validate`"):
        xlt.run(checked, overrides={"seed": 2}, workdir=tmp_path)


@pytest.mark.parametrize("text", ["/data/𠮷野", "😀", "\\😀", "a \u2028 b", "\ufeffa", "é\xa0日本"])
def test_overrides_are_texts_of_any_language(text: str) -> None:
    plain = {"name": "r", "backbone": "mini", "data": "pocket", "stages": {"a": {"train": "udpos"}}}
    checked = xlt.validate(plain, overrides={"description": text})
    assert checked.recipe.description == text


@pytest.mark.parametrize("text", ["a\x85b", "a\x7fb", "\ud83d", "a\rb"])
def test_overrides_are_no_control_characters(text: str) -> None:
    plain = {"name": "r", "backbone": "mini", "data": "pocket", "stages": {"a": {"train": "udpos"}}}
    with pytest.raises(xlt.errors.InvalidRecipeError, match="has a control character"):
        xlt.validate(plain, overrides={"description": text})


def test_problems_of_what_was_given_name_the_argument(tmp_path: Path) -> None:
    plain = {"name": "r", "backbone": "mini", "data": "pocket", "stages": {"a": {"train": "pawsx"}}}
    for key, value, problem in [
        ("stages.a.train", "pawx", "overrides: stages.a.train: unknown task `pawx`"),
        ("stages.b.train", "pawsx", "overrides: stages.b: there is no such stage"),
        ("name.x", 1, "overrides: name.x: cannot be set, because the key above it has a plain"),
    ]:
        with pytest.raises(xlt.errors.InvalidRecipeError) as raised:
            xlt.run(plain, overrides={key: value}, workdir=tmp_path)
        assert str(raised.value).startswith(problem)
        assert "--set" not in str(raised.value)


def test_all_problems_are_told_with_their_paths() -> None:
    wrong = {
        "name": "r",
        "backbone": "mini",
        "data": "pocket",
        "stages": {"a": {"train": "mnlii"}, "b": {"train": "pawsx", "lr": object()}},
    }
    with pytest.raises(xlt.errors.InvalidRecipeError) as error:
        xlt.validate(wrong)
    assert str(error.value) == "stages.b.lr: a object cannot be in a recipe"
    wrong["stages"]["b"] = {"train": "pawsx", "lr": -1}  # type: ignore[index]
    with pytest.raises(xlt.errors.InvalidRecipeError) as error:
        xlt.validate(wrong)
    assert {problem.path for problem in error.value.problems} == {"stages.a.train", "stages.b.lr"}
    assert all(str(problem).startswith("stages.") for problem in error.value.problems)
    with pytest.raises(xlt.errors.UsageError, match="no such file"):
        xlt.validate("quikstart")


def test_stages_that_fail_are_told_with_what_was_measured(
    tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapterxlt.stages.training import train_run

    content = recipe(tmp_path, tiny_backbone)
    real = train_run.train

    def fails(built: Any, *args: Any, **options: Any) -> Any:
        if "again" in str(options) or real_calls:
            raise xlt.errors.AdapterXLTError("no more")
        real_calls.append(1)
        return real(built, *args, **options)

    real_calls: list[int] = []
    monkeypatch.setattr(train_run, "train", fails)
    with pytest.raises(xlt.errors.FailedStagesError, match="again: no more") as error:
        xlt.run(content, workdir=tmp_path / "work", verbose=False)
    found = error.value.results
    assert isinstance(found, xlt.Results)
    assert {row.model for row in found.rows} == {"direct"}
    with pytest.raises(xlt.errors.UsageError, match="was not trained"):
        found.model("again")


def test_tasks_are_a_mapping(tmp_path: Path) -> None:
    own = "kind: text_classification\nlabels: [a, b]\nlanguages: [en]\nformat: csv\n"
    own += "files: {train: x.csv}\ncolumns: {text: t, label: l}\n"
    (tmp_path / "mine.yaml").write_text(own)
    assert xlt.tasks()["xnli"].train == "mnli"
    assert "mine" not in xlt.tasks()
    assert xlt.tasks([tmp_path])["mine"].labels == ("a", "b")


@pytest.mark.parametrize(
    ("name", "told"), [("quickstrat", "did you mean `quickstart`?"), ("zzz", "bundled recipes: ")]
)
def test_a_recipe_that_is_not_there(name: str, told: str) -> None:
    with pytest.raises(xlt.errors.UsageError, match="there is no bundled recipe") as error:
        xlt.validate(name)
    assert str(error.value.hint).startswith(told)
    assert "known" not in str(error.value.hint)


def test_mining_takes_files_and_sentences(tmp_path: Path) -> None:
    left, right = ["Good morning.", "", "A\ndog."], ["Ein Hund.", "Guten Morgen."]
    (tmp_path / "de.txt").write_text("\n".join(right) + "\n", encoding="utf-8")
    model = xlt.load("mini")
    from_lists = xlt.mine(left, right, model=model, protocol="jiant+distance", layer=2)
    assert from_lists == xlt.mine(
        left, tmp_path / "de.txt", model="mini", protocol="jiant+distance", layer=2
    )
    assert {(pair.source, pair.target) for pair in from_lists} <= {
        (one, other) for one in ("Good morning.", "A dog.") for other in right
    }
    assert all(right[pair.target_index] == pair.target for pair in from_lists)
    assert {left[pair.source_index].replace("\n", " ") for pair in from_lists} <= {
        "Good morning.",
        "A dog.",
    }
    assert from_lists
    with pytest.raises(xlt.errors.MissingDataError):
        xlt.mine(tmp_path / "gone.txt", right)


def test_mining_compares_long_sentences_too() -> None:
    # The encoder sees 256 tokens of each, and these are different ones.
    left = ["Der Hund schläft im Garten. " * 100, "Guten Morgen. " * 200, "Kurz."]
    right = ["Good morning. " * 200, "The dog sleeps in the garden. " * 100, "Short."]
    assert min(map(len, left[:2] + right[:2])) > 2000
    pairs = xlt.mine(left, right, protocol="jiant+distance", threshold=-1)
    assert {(pair.source_index, pair.target_index) for pair in pairs} == {(0, 1), (1, 0), (2, 2)}
    assert {pair.source for pair in pairs} == {text.strip() for text in left}


@pytest.mark.parametrize("top", [0, -1])
def test_mining_gives_at_least_one_pair(top: int) -> None:
    with pytest.raises(xlt.errors.UsageError, match=f"top={top}: it must be at least 1"):
        xlt.mine(["Good morning."], ["Guten Morgen."], top=top)
    assert len(xlt.mine(["Good morning."], ["Guten Morgen."], top=1, threshold=-1)) == 1


@pytest.mark.parametrize("nothing", [[], ["", " "]])
def test_mining_nothing_names_the_side(nothing: list[str]) -> None:
    for given, side in (((nothing, ["a b"]), "source"), ((["a b"], nothing), "target")):
        with pytest.raises(xlt.errors.UsageError, match=f"^{side}: has no sentence"):
            xlt.mine(*given)


def test_what_can_not_be_scored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(xlt.errors.UsageError, match="unknown benchmark `xtrem`"):
        xlt.score("xtrem", tmp_path, tmp_path)
    with pytest.raises(xlt.errors.UsageError, match="can only be used with `squad`"):
        xlt.score("xtreme", tmp_path, tmp_path, language="de")
    with pytest.raises(xlt.errors.MissingDataError):
        xlt.score("xtreme", tmp_path / "predictions", tmp_path)


def test_a_report_compares_what_is_asked_for(results: xlt.Results, tmp_path: Path) -> None:
    path = results.report(tmp_path / "r.md", compare=[("voted", "again")])
    assert "| voted vs again |" in path.read_text(encoding="utf-8")
    for wrong in ("voted", [("voted",)], [("voted", 3)], 5):
        with pytest.raises(xlt.errors.UsageError, match="compare: must be a list of pairs"):
            results.report(tmp_path / "r.md", compare=wrong)  # type: ignore[arg-type]
    with pytest.raises(xlt.errors.UsageError, match="compare: no model is called `vote`"):
        results.report(tmp_path / "r.md", compare=[("vote", "again")])
