"""Stages that a remote has are pulled, verified and not trained again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.errors import UsageError
from adapterxlt.recipe.schema import StoreSettings
from adapterxlt.sharing import cache
from adapterxlt.sharing.cache import Remotes, all_remotes, user_config


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in arguments])


def settings(*remotes: object) -> StoreSettings:
    return StoreSettings.model_validate({"remotes": remotes})


def results_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADAPTERXLT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    """A folder with a recipe that was run in `one`, whose stages lie in `remote`."""
    root = tmp_path_factory.mktemp("cache")
    data = root / "data" / "pawsx"
    data.mkdir(parents=True)
    for name, count in (("train-en", 8), ("dev-en", 4)):
        lines = [f"A {n} b.\tB {n} a.\t{n % 2}\n" for n in range(count)]
        (data / f"{name}.tsv").write_text("".join(lines))
    (root / "tiny.yaml").write_text(
        f"""\
name: tiny
backbone: {tiny_backbone}
data: data
training: {{epochs: 1, lr: 1e-3}}
store: {{remotes: [remote]}}
stages:
  direct: {{train: pawsx}}
  again: {{train: pawsx, after: direct}}
  scores: {{evaluate: again, on: pawsx, languages: [en]}}
"""
    )
    results_of(invoke("run", root / "tiny.yaml", "--workdir", root / "one", "--json"))
    for stage in ("direct", "again"):
        pushed = invoke(
            "artifact", "push", f"{root}/one:{stage}", root / "remote", "--backbone", tiny_backbone
        )
        assert pushed.exit_code == 0, pushed.output
    return root


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt, without what was trained."""
    shutil.copytree(trained, tmp_path / "copy", ignore=shutil.ignore_patterns("two"))
    return tmp_path / "copy"


def statuses(folder: Path) -> dict[str, str]:
    plan = results_of(invoke("plan", folder / "tiny.yaml", "--workdir", folder / "two", "--json"))
    return {step["id"]: step["status"] for step in plan["steps"]}


def run(folder: Path) -> tuple[dict[str, Any], str]:
    result = invoke("run", folder / "tiny.yaml", "--workdir", folder / "two", "--json")
    return results_of(result), result.stderr


def test_what_a_remote_has_is_not_trained(folder: Path) -> None:
    found = statuses(folder)
    assert (found["direct"], found["again"]) == ("remote", "remote")
    text = invoke("plan", folder / "tiny.yaml", "--workdir", folder / "two").stdout
    assert "2 can be pulled" in text
    document, log = run(folder)
    assert document["steps"]["done"] == [name for name in found if name.startswith("scores")]
    assert log.count(", verified, unsigned") == 2
    assert "direct: pulled from" in log
    first = invoke("run", folder / "tiny.yaml", "--workdir", folder / "one", "--json")
    assert document["results"] == results_of(first)["results"]
    assert statuses(folder)["direct"] == "done"


def test_a_damaged_stage_is_trained_instead(folder: Path) -> None:
    (weights,) = [
        path
        for path in (folder / "remote").glob("*/adapter.safetensors")
        if '"title": "again"' in (path.parent / "manifest.json").read_text()
    ]
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    document, log = run(folder)
    assert "warning: again: not pulled from" in log
    assert "does not match the manifest" in log
    assert "again" in document["steps"]["done"]
    assert "direct" in document["steps"]["reused"]
    assert not list((folder / "two/store/.staging").glob("pull-*/*"))


def test_a_stage_under_a_wrong_address_is_refused(folder: Path) -> None:
    places = list((folder / "remote").glob("*/manifest.json"))
    titles = {json.loads(path.read_text())["title"]: path.parent for path in places}
    one, other = titles["again"], titles["direct"]
    shutil.rmtree(one)
    shutil.copytree(other, one)
    # Its own address is no longer in the manifest, so the remote does not have that stage.
    assert sorted(statuses(folder)[stage] for stage in ("direct", "again")) == ["remote", "todo"]


def test_what_ships_is_not_trained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = folder / "shipped"
    monkeypatch.setattr(cache, "bundled", lambda _: shipped)
    for path in (folder / "remote").glob("*/manifest.json"):
        shutil.copytree(path.parent, shipped / json.loads(path.read_text())["title"])
    (shipped / "broken").mkdir()
    (shipped / "broken/manifest.json").write_text("{")
    recipe = folder / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("store: {remotes: [remote]}\n", ""))
    assert statuses(folder)["again"] == "remote"
    _, log = run(folder)
    assert f"again: pulled from {shipped}/again, verified, unsigned" in log


def test_a_remote_that_is_not_there_stops_nothing(folder: Path) -> None:
    recipe = folder / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("[remote]", "['http://127.0.0.1:9', nothing]"))
    result = invoke("plan", recipe, "--workdir", folder / "two", "--json")
    assert {step["status"] for step in results_of(result)["steps"]} == {"todo"}
    assert result.stderr.count("warning: remote ignored") == 1
    assert result.stderr.count(f"warning: remote `{folder}/nothing`: there is no such folder") == 1
    recipe.write_text(recipe.read_text().replace("nothing", "nli"))
    named = invoke("plan", recipe, "--workdir", folder / "two").stderr
    assert "no such folder; adapters that come with the package are found without a remote" in named


def test_the_users_configuration_counts_for_every_recipe(folder: Path) -> None:
    recipe = folder / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("store: {remotes: [remote]}\n", ""))
    assert statuses(folder)["direct"] == "todo"
    user_config().parent.mkdir(parents=True)
    user_config().write_text(f"store: {{remotes: ['{folder}/remote']}}\n")
    assert statuses(folder)["direct"] == "remote"


def test_the_users_configuration_can_be_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user_config() == tmp_path / "config/adapterxlt/config.yaml"
    (tmp_path / "own").mkdir()
    (tmp_path / "own/config.yaml").write_text("store: {remotes: [/far]}\n")
    monkeypatch.setenv("ADAPTERXLT_CONFIG", str(tmp_path / "own"))
    assert all_remotes(settings(), tmp_path).read == ("/far",)


def test_remotes_of_both_in_their_order(tmp_path: Path) -> None:
    user_config().parent.mkdir(parents=True)
    user_config().write_text("store: {remotes: [shared, 's3://bucket/x', '/far']}\n")
    found = all_remotes(settings("own", "s3://bucket/x"), tmp_path / "recipes")
    assert found.read == (
        f"{tmp_path}/recipes/own",
        "s3://bucket/x",
        f"{user_config().parent}/shared",
        "/far",
    )
    assert found.written == ""


def test_the_remote_to_write_is_the_recipes_else_the_users(tmp_path: Path) -> None:
    user_config().parent.mkdir(parents=True)
    user_config().write_text("store: {remotes: [{url: /far, write: true}]}\n")
    assert all_remotes(settings("own"), tmp_path).written == "/far"
    own = settings({"url": "own", "write": True})
    assert all_remotes(own, tmp_path) == Remotes((f"{tmp_path}/own", "/far"), f"{tmp_path}/own")
    with pytest.raises(ValueError, match="only one of the remotes"):
        settings({"url": "a", "write": True}, {"url": "b", "write": True})


@pytest.mark.parametrize("text", ["store: [a]", "store: {remotes: a}", "x: 1", "a: [", "[1]"])
def test_a_configuration_that_cannot_be_read(text: str) -> None:
    user_config().parent.mkdir(parents=True)
    user_config().write_text(text)
    with pytest.raises(UsageError, match=r"config\.yaml"):
        all_remotes(settings(), Path())


def test_a_remote_that_is_written_has_every_step(folder: Path) -> None:
    recipe = folder / "tiny.yaml"
    recipe.write_text(recipe.read_text().replace("[remote]", "[{url: whole, write: true}]"))
    assert set(statuses(folder).values()) == {"todo"}
    results_of(invoke("run", recipe, "--workdir", folder / "one", "--json"))
    assert len(list((folder / "whole/entries").glob("*/manifest.json"))) == 3
    assert set(statuses(folder).values()) == {"remote"}
    document, log = run(folder)
    assert (document["steps"]["done"], len(document["steps"]["reused"])) == ([], 3)
    assert log.count(f"pulled from {folder}/whole, verified") == 3
    first = results_of(invoke("run", recipe, "--workdir", folder / "one", "--json"))
    assert document["results"] == first["results"]

    shutil.rmtree(folder / "whole")
    (folder / "whole").write_text("")  # nothing is left to do, so nothing is lacking
    again = invoke("run", recipe, "--workdir", folder / "two", "--json")
    assert results_of(again)["steps"]["done"] == []
    assert "cannot be used with `write: true`" in again.stderr
    shutil.rmtree(folder / "two")
    refused = invoke("run", recipe, "--workdir", folder / "two", "--json")
    assert refused.exit_code == 2
    assert not (folder / "two/results.json").exists()
