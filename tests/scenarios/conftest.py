"""A small data folder in the official layouts, and the program as a user starts it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.program import Cli, start

COLOURS = {
    "en": ("red", "blue", "green", "white", "black"),
    "de": ("rot", "blau", "grün", "weiß", "schwarz"),
    "es": ("rojo", "azul", "verde", "blanco", "negro"),
}
THINGS = {
    "en": ("the house", "the dog", "the train", "the bread", "the window", "the river"),
    "de": ("das Haus", "der Hund", "der Zug", "das Brot", "das Fenster", "der Fluss"),
    "es": ("el muro", "el perro", "el tren", "el pan", "el techo", "el río"),
}
IS = {"en": "is", "de": "ist", "es": "es"}


def _sentence(language: str, thing: int, colour: int) -> str:
    things, colours = THINGS[language], COLOURS[language]
    return (
        f"{things[thing % len(things)]} {IS[language]} {colours[colour % len(colours)]} "
        f"{thing * 7 + colour}"
    )


def _pairs(language: str, n: int, start: int = 0) -> str:
    rows = []
    for i in range(start, start + n):
        label = ("entailment", "contradiction", "neutral")[i % 3]
        premise = _sentence(language, i, i // 3)
        other = {"entailment": (i, i // 3), "contradiction": (i, i // 3 + 1)}.get(
            label, (i + 1, i // 3)
        )
        rows.append(f"{premise}\t{_sentence(language, *other)}\t{label}\n")
    return "".join(rows)


def _paraphrases(language: str, n: int, start: int = 0) -> str:
    return "".join(
        f"{_sentence(language, i, i // 2)}\t{_sentence(language, i, i // 2 + i % 2)}\t{1 - i % 2}\n"
        for i in range(start, start + n)
    )


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """xnli and pawsx (en, de, es), tatoeba (deu, spa), text and words; a few dozen lines each."""
    root = tmp_path_factory.mktemp("data")
    files = {
        "xnli/train-en.tsv": _pairs("en", 120),
        "pawsx/train-en.tsv": _paraphrases("en", 64),
        "lex/en_de.tsv": "".join(
            f"{english}\t{german}\n"
            for words in (COLOURS, THINGS)
            for english, german in zip(words["en"], words["de"], strict=True)
        ),
    }
    for language in THINGS:
        lines = (_sentence(language, i, i // 2) for i in range(30))
        files[f"mlm/{language}.txt"] = "\n".join(lines)
        files[f"xnli/dev-{language}.tsv"] = _pairs(language, 24, start=200)
        files[f"pawsx/dev-{language}.tsv"] = _paraphrases(language, 24, start=200)
    for language, iso3 in (("de", "deu"), ("es", "spa")):
        for side, code in ((language, iso3), ("en", "eng")):
            files[f"tatoeba/v1/tatoeba.{iso3}-eng.{code}"] = "".join(
                _sentence(side, i, i // 2) + "\n" for i in range(20)
            )
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run `adapterxlt ARGUMENTS` in a fresh folder to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        process = start(arguments, tmp_path)
        out, err = process.communicate(timeout=1500)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


@pytest.fixture
def recipe(tmp_path: Path, small_data: Path, tiny_backbone: Path) -> Callable[..., Path]:
    """Write a recipe on the tiny backbone and the small data; returns its path."""

    def write(stages: str, name: str = "story", training: str = "") -> Path:
        path = tmp_path / f"{name}.yaml"
        body = "".join(f"  {line}\n" for line in stages.strip().splitlines())
        path.write_text(
            f"name: {name}\nbackbone: {tiny_backbone}\ndata: {small_data}\nseed: 3\n"
            "training: {lr: 1e-3, epochs: 2, batch_size: 8, max_length: 64, "
            f"checkpoint_every: 3{training}}}\nstages:\n{body}",
            encoding="utf-8",
        )
        return path

    return write
