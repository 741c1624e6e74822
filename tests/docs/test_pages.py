"""What pages show is true: recipes are valid, commands exist, and the cheap ones are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from adapterxlt.cli.lazy import LazyGroup
from adapterxlt.cli.main import cli
from adapterxlt.recipe.load import load_recipe
from tests.docs.blocks import PAGES, blocks, commands, expanded, in_blocks, write_files
from tools.docs.links import source_links
from tools.docs.notebook import STORY, code_of
from tools.docs.parts import MARK, PARTS

ROOT = Path(__file__).resolve().parent.parent.parent
# Commands that read and plan: they take seconds at most.
CHEAP = {("validate",), ("plan",), ("task", "new"), ("task", "check"), ("schema",), ("list",)}
# Recipes that are run in small: one of each thing that pages show.
RUN = [("howto/own-labels.md", "own.yaml"), ("howto/xtreme.md", "submission.yaml")]
# Their one stage comes with the project, and is not trained: all that a reader can type is run.
WHOLE = ("howto/predict.md", "howto/share.md")


def named(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def page_of(name: str) -> Path:
    return ROOT / "docs" / name


def recipes() -> list[tuple[str, str]]:
    return [
        (named(page), block.title)
        for page in PAGES
        for block in blocks(page)
        if block.title.endswith(".yaml") and "stages:" in block.text
    ]


def test_there_are_pages() -> None:
    assert len(PAGES) > 20
    assert len(recipes()) > 10


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_of_yaml_can_be_read(page: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            assert isinstance(yaml.safe_load(block.text), dict), block.text


@pytest.mark.parametrize(("page", "recipe"), recipes())
def test_every_recipe_of_a_page_is_valid(page: str, recipe: str, tmp_path: Path) -> None:
    write_files(page_of(page), tmp_path)
    loaded = load_recipe(tmp_path / recipe, (), ())
    assert loaded.recipe.stages


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=named)
def test_every_command_of_a_page_exists(page: Path) -> None:
    for words in commands(page):
        check(words)


def check(words: list[str]) -> None:
    """Parse a command as click does, without running it."""
    command: click.Command = cli
    ctx = click.Context(cli, info_name="adapterxlt")
    rest = [word for word in words if word != "--debug"]
    while isinstance(command, LazyGroup):
        name = rest.pop(0) if rest else ""
        if not name or name.isupper() or name.startswith("-"):  # a group as a whole
            return
        for choice in name.split("|"):  # `artifact list|show PATH`
            found = command.get_command(ctx, choice)
            assert found is not None, f"there is no command `{name}`: {words}"
        command, ctx = found, click.Context(found, info_name=name, parent=ctx)
    if not rest:  # a command that a sentence names
        return
    options, _, _ = command.make_parser(ctx).parse_args(list(rest))
    for param in command.params:
        given: Any = options.get(param.name)
        # Newer versions of click have a mark of their own for what is not given.
        missing = given is None or given is getattr(click.core, "UNSET", None)
        assert not (missing and param.required), f"`{param.name}` is missing: {words}"
        if isinstance(param.type, click.Choice) and isinstance(given, str):
            assert set(given.split("|")) <= {*param.type.choices}, words


def cheap() -> list[str]:
    return [
        named(page)
        for page in PAGES
        if named(page) not in WHOLE
        and (
            any(tuple(words[: len(verb)]) == verb for words in in_blocks(page) for verb in CHEAP)
            or any(block.language == "python" for block in blocks(page))
        )
    ]


@pytest.mark.parametrize("name", [*cheap(), *WHOLE])
def test_commands_of_a_page_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(name)
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for words in in_blocks(page):
        verb = next((verb for verb in CHEAP if tuple(words[: len(verb)]) == verb), None)
        if not executable(words) or (verb is None and name not in WHOLE):
            continue
        if verb == ("task", "new"):
            (tmp_path / words[words.index("--out") + 1]).unlink(missing_ok=True)
        result = CliRunner().invoke(cli, expanded(words, tmp_path))
        assert result.exit_code == 0, f"{words}: {result.output}"
    lines = [block.text for block in blocks(page) if block.language == "python"]
    exec(compile("\n".join(lines), name, "exec"), {})


def executable(words: list[str]) -> bool:
    """Whether nothing in it stands for something of the reader's, or needs torch."""
    own = any(word.isupper() or "|" in word or "..." in word for word in words)
    return len(words) > 1 and not own and "--backbone" not in words


@pytest.mark.parametrize(("page", "recipe"), RUN)
def test_recipes_run_in_small(
    page: str, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(page_of(page), tmp_path)
    monkeypatch.chdir(tmp_path)
    small = ["run", recipe, "--trial", "2"]
    on_what_was_trained = [
        words for words in in_blocks(page_of(page)) if any(w.startswith("runs:") for w in words)
    ]
    for words in [small, *on_what_was_trained]:
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, f"{words}: {result.output}"
    assert (tmp_path / "runs" / "results.json").is_file()


def test_mining_finds_the_pairs_that_its_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of("howto/mine.md")
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, commands(page)[0])
    assert result.exit_code == 0, result.output
    shown = next(b.text for b in blocks(page) if b.language == "text" and not b.title)
    pairs = [line.split("\t")[1:] for line in shown.splitlines()]
    found = (tmp_path / "pairs.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[1:] for line in found] == pairs


def test_the_notebook_runs_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = code_of(STORY)
    assert code.count("TRIAL = None") == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(code.replace("TRIAL = None", "TRIAL = 2"), STORY.name, "exec"), {})
    assert (tmp_path / "page.html").is_file()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_to_files_of_the_checkout_lead_somewhere(page: Path) -> None:
    for target in source_links(page.read_text(encoding="utf-8"), page, ROOT):
        assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_generated_part_is_on_a_page() -> None:
    used = [name for page in PAGES for name in MARK.findall(page.read_text(encoding="utf-8"))]
    assert sorted(used) == sorted(PARTS)


def test_the_readme_links_to_pages_that_are_there() -> None:
    readme = ROOT / "README.md"
    targets = list(source_links(readme.read_text(encoding="utf-8"), readme, ROOT))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
