"""Texts that users and developers read are plain English: the worst patterns do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import adapterxlt
from adapterxlt.cli.main import cli

PACKAGE = Path(adapterxlt.__file__).parent
LONGEST = 35  # words of a sentence

# A pattern that is hard to read, and what to write instead.
EVERYWHERE = {
    r"(?<![Tt]here )\b(is|are) no\b(?! (longer|more)\b)": "write `is not a`",
    r"\bnothing (that|which) (is|was|were)\b": "write what it is not: `is not a trained stage`",
    r"\bone and the same\b": "write `the same`, `identical` or `only one distinct`",
    r"\b(larger|longer|more) than any real one\b": "name the limit: `exceeds the 2 MiB limit`",
    r"[(,] ?say\)": "write `for example` before the example",
    r"\b(in|out)side of\b": "write `inside` or `outside`",
    r"\bto be had\b": "write `available`",
    r"^Of (?!course)[a-z`]": "put the subject first",
    r"\bnothing but\b": "write `only`",
    r"\b(all but(?! the)|but for)\b": "write `except`",
    r"\banew\b": "write `again`",
    r"\bthat which\b": "write `the one that`, or name it",
    r"\bone an? (stage|language|model|member|example|head|task|token|step|input|line|row)\b": (
        "write `one per`"
    ),
}
IN_MESSAGES = {
    r"\bbeside\b": "write `next to` or `besides`",
    r"\b(all|so) (many|much) (go|as)\b": "write `up to N`, or name the number",
    r"\bgo(es)? on (from|with|where|as)\b": "write `continue`",
    r"\bat hand\b": "write `known` or `available`",
    r"\bthis should not happen\b": "say what to do",
    r"\?$": "say what to check, instead of asking",
}
# Questions that are asked: hints, a confirmation, and headings of reports.
ASKED = re.compile(r"^(did you mean|cancel|Did|Is it|Were) .*\?$")


def _text(node: ast.expr) -> str:
    """A string, with `X` for what an f-string fills in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
    )


def _documented(tree: ast.Module) -> Iterator[tuple[str, str]]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield getattr(node, "name", "the module"), text.partition("\n\n")[0].replace("\n", " ")


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text with a blank that is not a docstring, with its line."""
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            apart.add(node.value)
        if isinstance(node, ast.JoinedStr):
            apart.update(part for part in ast.walk(node) if part is not node)
        if node in apart or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        if isinstance(node, ast.JoinedStr) or isinstance(node.value, str):
            text = _text(node)
            if " " in text.strip():
                yield node.lineno, text


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, f"{path} {name}")


COMMANDS = dict(_commands(cli, "adapterxlt"))


def faults(text: str, patterns: dict[str, str]) -> list[str]:
    """What is wrong with a text, and what to write."""
    found = [
        f"`{match.group()}`: {better}"
        for pattern, better in patterns.items()
        if (match := re.search(pattern, text)) and not ASKED.match(text)
    ]
    for sentence in re.split(r"[.;:](?:\s|$)|\n", text):
        words = sentence.split()
        if len(words) > LONGEST and max(map(len, words)) > 3:  # not a list of codes
            found.append(f"a sentence has {len(words)} words: split it")
    return found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("X is no number", 1),
        ("X is no longer there, and there is no Y", 0),
        ("X: is nothing that was trained", 1),
        ("the manifest is larger than any real one", 1),
        ("Of mining, tuned elsewhere (on dev, say).", 2),
        ("labels that are one and the same throughout a file", 1),
        ("written beside the results", 1),
        ("Of each example the mean cosine.", 1),
        ("The bytes depend on nothing but names; one a language.", 2),
        ("the same but for white space, made anew", 2),
        ("is it the right file?", 1),
        ("cancel 3 SLURM jobs?", 0),
        ("Margin threshold tuned on another split.", 0),
        ("word " * 36, 1),
        ("word " * 30 + "; " + "word " * 30, 0),
    ],
)
def test_what_counts_as_a_fault(text: str, count: int) -> None:
    assert len(faults(text, EVERYWHERE | IN_MESSAGES)) == count


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_written_in_sentences(path: str) -> None:
    command = COMMANDS[path]
    options = {
        option.opts[0]: option.help for option in command.params if isinstance(option, click.Option)
    }
    assert [name for name, text in options.items() if not text] == []
    texts = {name: str(text) for name, text in options.items()} | {"": command.help or ""}
    wrong = {name: faults(text, EVERYWHERE | IN_MESSAGES) for name, text in texts.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    for text in texts.values():
        told = re.sub(r"\s*\[default: [^]]*\]$", "", text.strip())
        assert told.endswith("."), f"{path}: no full stop: {text}"
        assert re.match(r"[A-Z`]", told), f"{path}: begins in lower case: {text}"


@pytest.mark.parametrize("room", sorted(path.name for path in PACKAGE.iterdir()))
def test_messages_and_docstrings_are_plain(room: str) -> None:
    place = PACKAGE / room
    wrong = {}
    for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        if file.suffix != ".py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        texts = [(str(line), text, EVERYWHERE | IN_MESSAGES) for line, text in _strings(tree)]
        texts += [(name, text, EVERYWHERE) for name, text in _documented(tree)]
        for at, text, patterns in texts:
            if found := faults(text, patterns):
                wrong[f"{file}:{at}"] = found
    assert wrong == {}


def test_keys_are_described_in_sentences() -> None:
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.keyword) or node.arg != "description":
                continue
            if isinstance(node.value, ast.Constant | ast.JoinedStr):
                text = _text(node.value)
                if not re.match(r"[A-Z`]", text) or not text.endswith("."):
                    wrong.append(f"{file.name}: {text}")
    assert wrong == []
