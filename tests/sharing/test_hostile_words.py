"""What an artifact says of itself is words: no terminal code, no markup, no endless text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.sharing.facts import describe_lineage
from adapterxlt.sharing.make import finish
from adapterxlt.store.manifest import ArtifactFacts, BackboneFacts, Manifest, read_manifest
from tests.sharing.make import small_artifact
from tests.sharing.spoil import edit

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
WORDS = {
    "codes": "\x1b]0;title\x07\x9b2J\u202e\rx",
    "a page": '<script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "a card": "](javascript:x) ![i](http://x/i.png) | a | b |\n\n# head\n---\n`x` <b> &lt;",
    "a table": "[red]x[/red] [link=http://x]y[/link]",
}


def talking(folder: Path, word: str) -> Path:
    """An artifact that says a word wherever it can."""
    small_artifact(folder)
    manifest = read_manifest(folder)
    plain = STEERS.sub("", word).replace("\n", " ")  # names hold no control characters
    params = {"task": word, "method": word, "language": word, "cap": word, "relation": "none"}
    step = {
        "fingerprint": manifest.fingerprint,
        "kind": "train",
        "params": params,
        "inputs": [],
        "origins": {word: [f"folder:{word}", f"hub:{word}@1"]},
    }
    score: dict[str, Any] = dict.fromkeys(("task", "language", "split", "metric"), word)
    score |= {"value": 50.0, "n": 9, "data": [word], "contamination": word, "layer": 2}
    (folder / METRICS_NAME).write_text(json.dumps({"scores": [score]}))
    said = manifest.model_copy(
        update={
            "title": plain,
            "recipe": plain,
            "lineage": {"backbone": {"name": word, "hash": word}, "steps": [step]},
            "environment": {word: word, "torch": word},
        }
    )
    facts = ArtifactFacts(
        backbone=BackboneFacts(name=plain, hash="c" * 64),
        labels={word: (word, "yes")},
        license=word,
        tensors={},
        override=BackboneFacts(name=plain, hash="d" * 64),
    )
    finish(folder, said, facts, [score])
    return folder


def output(*arguments: object) -> str:
    done = CliRunner().invoke(cli, ["artifact", *map(str, arguments)], env={"COLUMNS": "300"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("kind", WORDS)
def test_the_terminal(tmp_path: Path, kind: str) -> None:
    made = talking(tmp_path / "made", WORDS[kind])
    for arguments in (("list", made), ("show", made), ("verify", made, "--no-load")):
        for more in ((), ("--json",)):
            text = output(*arguments, *more)
            assert not STEERS.search(text.replace("\n", "")), arguments
    assert json.loads(output("list", made, "--json"))["artifacts"][0]["task"]
    if kind == "a table":
        assert "[red]x[/red]" in output("list", made)


@pytest.mark.parametrize("kind", WORDS)
def test_the_page(tmp_path: Path, kind: str) -> None:
    made = talking(tmp_path / "made", WORDS[kind])
    output("list", made, "--html", tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    tags = set(re.findall(r"<\s*([a-z0-9]+)", page))
    assert not tags & {"script", "img", "iframe", "svg", "b", "object", "link"}
    assert set(re.findall(r'href="([^"]*)"', page)) == {"made"}
    assert not STEERS.search(page.replace("\n", ""))


@pytest.mark.parametrize("kind", WORDS)
def test_the_card(tmp_path: Path, kind: str) -> None:
    made = talking(tmp_path / "made", WORDS[kind])
    card = (made / "README.md").read_text()
    front, _, body = card.removeprefix("---\n").partition("\n---\n\n")
    known = {"base_model", "language", "library_name", "license", "tags", "model-index", "datasets"}
    assert yaml.safe_load(front).keys() <= known
    assert not STEERS.search(card.replace("\n", ""))
    for line in body.splitlines():
        bare = re.sub(r"\\.", "", line)
        assert not re.search(r"<(?!/?$)|\]\(|!\[", bare), line
        assert line.lstrip("# ") == line or line in (f"# {line[2:]}", f"## {line[3:]}")
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 8), line
    assert [line for line in body.splitlines() if line.startswith("## ")] == [
        "## Measured",
        "## Use",
    ]
    assert sum(line.startswith("# ") for line in body.splitlines()) == 1


@pytest.mark.parametrize(
    "score",
    [
        {"value": 10**400},
        {"value": "50"},
        {"value": True},
        {"n": -1},
        {"n": 1.5},
        {"layer": "1 | <b>"},
        {"layer": []},
        {"contamination": ["x"]},
        {"task": None},
        {"data": "pocket"},
        {"data": [1]},
    ],
)
def test_scores_that_are_none(tmp_path: Path, score: dict[str, object]) -> None:
    made = small_artifact(tmp_path / "made").where
    document = json.loads((made / METRICS_NAME).read_text())
    document["scores"][0].update(score)
    (made / METRICS_NAME).write_text(json.dumps(document))
    assert "left out: " in output("list", made)
    done = CliRunner().invoke(cli, ["artifact", "show", str(made)])
    assert (done.exit_code, "does not hold metrics" in done.output) == (4, True), done.output


def branching(manifest: Manifest, depth: int) -> Manifest:
    """A merge of a merge with itself, of a merge with itself, ..."""
    steps: list[dict[str, object]] = [
        {"fingerprint": "0", "kind": "train", "params": {"task": "t", "method": "m"}, "inputs": []}
    ]
    for number in range(1, depth):
        below = [str(number - 1)] * 2
        steps.append({"fingerprint": str(number), "kind": "merge", "params": {}, "inputs": below})
    return manifest.model_copy(update={"lineage": {"backbone": None, "steps": steps}})


@pytest.mark.parametrize("depth", [60, 5000])
def test_a_lineage_that_branches_without_end(tmp_path: Path, depth: int) -> None:
    manifest = read_manifest(small_artifact(tmp_path / "made").where)
    assert len(describe_lineage(branching(manifest, depth))) < 5000


@pytest.mark.parametrize(
    "lineage",
    [
        {},
        {"steps": 1},
        {"steps": [1]},
        {"steps": ["abc"]},
        {"steps": [{}]},
        {"steps": [{"fingerprint": [], "kind": "train", "params": {}, "inputs": []}]},
        {"steps": [{"fingerprint": "1", "kind": "merge", "params": {}, "inputs": ["1"]}]},
        {"steps": [{"fingerprint": "1", "kind": "merge", "params": {}, "inputs": ["2"]}]},
        {"steps": [{"fingerprint": "1", "kind": "train", "params": {"tasks": [1]}, "inputs": []}]},
        {"steps": [{"fingerprint": "1", "kind": "train", "params": {"tasks": {}}, "origins": 1}]},
        {"backbone": 1, "steps": [{"fingerprint": "1", "kind": {}, "params": None, "inputs": 0}]},
    ],
)
def test_a_lineage_that_is_none(tmp_path: Path, lineage: dict[str, object]) -> None:
    made = small_artifact(tmp_path / "made").where
    edit(made, lambda manifest: manifest.update(lineage=lineage))
    for verb in ("list", "show"):
        assert "nli" in output(verb, made)
