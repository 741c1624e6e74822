"""Read the declared sources into groups of translations and running text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError
from tools.mini.sources import SOURCES, Source

Group = dict[str, str]
"""One meaning: language code to text."""

Keyed = dict[str, str]
"""The records of one file: a key that is the same in every language, to the text."""


@dataclass
class FileUse:
    """One file that was read: its hash, and how many of its texts are used."""

    source: str
    language: str
    path: str
    sha256: str
    texts: int


@dataclass
class Corpus:
    """What the backbone is trained on.

    ``groups`` hold sentences, questions or words that are translations of each other,
    ``paragraphs`` longer running text per language, ``texts`` every record as its source has
    it (for the contamination check).
    """

    groups: list[Group] = field(default_factory=list)
    paragraphs: list[tuple[str, str]] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    files: list[FileUse] = field(default_factory=list)


def read_lines(text: str, language: str) -> Keyed:
    """One sentence a line; the key is the line number."""
    return {f"{n:05d}": line.strip() for n, line in enumerate(text.split("\n")) if line.strip()}


def _unquote(cell: str) -> str:
    """Undo the spreadsheet quoting that some PAWS-X cells carry."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def read_pairs(text: str, language: str) -> Keyed:
    """PAWS-X as XTREME stores it: two sentences and a label; empty and "NS" cells are dropped."""
    keyed: Keyed = {}
    for number, line in enumerate(text.split("\n")):
        for column, cell in enumerate(line.rstrip("\r").split("\t")[:2]):
            sentence = _unquote(cell.strip())
            if sentence and sentence != "NS":
                keyed[f"{number:05d}-{column}"] = sentence
    return keyed


def read_conllu(text: str, language: str) -> Keyed:
    """The ``# text`` of every sentence, keyed by its ``# sent_id``."""
    ids = re.findall(r"^# sent_id = (.+)$", text, flags=re.MULTILINE)
    sentences = re.findall(r"^# text = (.+)$", text, flags=re.MULTILINE)
    return {key.strip(): sentence.strip() for key, sentence in zip(ids, sentences, strict=True)}


def read_copa(text: str, language: str) -> Keyed:
    """Premise and alternatives, keyed by ``idx`` and field."""
    keyed: Keyed = {}
    for line in text.split("\n"):
        if line.strip():
            row = json.loads(line)
            for name in ("premise", "choice1", "choice2"):
                keyed[f"{int(row['idx']):05d}-{name}"] = str(row[name]).strip()
    return keyed


def _paragraphs(text: str) -> list[dict[str, Any]]:
    return [p for article in json.loads(text)["data"] for p in article["paragraphs"]]


def read_questions(text: str) -> Keyed:
    """Questions of a file in the SQuAD schema, keyed by their id."""
    return {q["id"]: q["question"].strip() for p in _paragraphs(text) for q in p["qas"]}


def read_contexts(text: str) -> list[str]:
    """Paragraphs of a file in the SQuAD schema, in file order."""
    return [p["context"].strip() for p in _paragraphs(text)]


_END = re.compile(r"(?<=[.!?])[\"'”»)\]]*\s+(?=[\"'“«(\[]?\w)|(?<=[。！？])|(?<=[।۔؟])\s*")
_ABBREVIATION = re.compile(r"(?:\b\w|\b(?:Dr|Mr|Mrs|St|Nr|z|B|bzw|ca|vs|No|Inc))\.$")


def split_sentences(paragraph: str) -> list[str]:
    """Cut a paragraph after sentence-final punctuation (Latin, CJK, Arabic, Devanagari).

    Rough on purpose: its only use is to align paragraphs whose sentence counts agree in two
    languages. Thai, which has no sentence-final mark, comes back in one piece.
    """
    sentences: list[str] = []
    for part in _END.split(paragraph):
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {part.strip()}"
        elif part.strip():
            sentences.append(part.strip())
    return sentences


def align_paragraphs(paragraphs: Group) -> list[Group]:
    """Sentence groups of one paragraph: the languages that have as many sentences as English."""
    sentences = {language: split_sentences(text) for language, text in paragraphs.items()}
    count = len(sentences.get("en", ()))
    if count < 2:
        return []
    equal = {language: cut for language, cut in sentences.items() if len(cut) == count}
    return [{language: cut[n] for language, cut in equal.items()} for n in range(count)]


def detokenise(text: str) -> str:
    """Undo Penn-style spacing (English PAWS-X): ``the `` Nisa '' .`` to ``the "Nisa".``"""
    text = re.sub(r"``\s*|''\s?(?=\w)", '"', text)
    text = re.sub(r"\s*''", '"', text)
    text = re.sub(r"\s+([.,;:!?%)\]])", r"\1", text)
    text = re.sub(r"\s+('(?:s|re|ve|ll|d|m)\b|n't\b)", r"\1", text)
    return re.sub(r"([(\[])\s+", r"\1", text)


def _group(files: dict[str, Keyed]) -> list[Group]:
    """Records with the same key in at least two languages, in the order of their keys."""
    keys = sorted({key for keyed in files.values() for key in keyed})
    groups = [{lang: keyed[key] for lang, keyed in files.items() if key in keyed} for key in keys]
    return [group for group in groups if len(group) > 1]


def _runs(lines: Sequence[str], language: str, size: int) -> list[str]:
    """Neighbouring lines joined to paragraphs of ``size`` lines (both corpora keep documents)."""
    joint = "" if language in ("zh", "ja") else " "
    return [joint.join(lines[start : start + size]) for start in range(0, len(lines), size)]


_KEYED: dict[str, Callable[[str, str], Keyed]] = {
    "lines": read_lines,
    "pairs": read_pairs,
    "conllu": read_conllu,
    "copa": read_copa,
}


def _read_source(source: Source, texts: dict[str, str], corpus: Corpus) -> dict[str, int]:
    """Add one source to the corpus; returns the number of texts used per language."""
    if source.layout == "lexicon":
        (language,) = texts
        rows = [line.split("\t") for line in texts[language].split("\n") if line.count("\t") == 1]
        corpus.groups += [{"en": row[0].strip(), language: row[1].strip()} for row in rows]
        corpus.texts.update(cell.strip() for row in rows for cell in row)
        return {language: len(rows)}
    if source.layout == "squad":
        questions = {language: read_questions(text) for language, text in texts.items()}
        contexts = {language: read_contexts(text) for language, text in texts.items()}
        for language, paragraphs in contexts.items():
            corpus.paragraphs += [(language, paragraph) for paragraph in paragraphs]
            corpus.texts.update(paragraphs)
        if source.use == "parallel":
            corpus.groups += _group(questions)
            for keyed in questions.values():
                corpus.texts.update(keyed.values())
        if source.name == "xquad":
            for row in zip(*contexts.values(), strict=True):
                corpus.groups += align_paragraphs(dict(zip(contexts, row, strict=True)))
        counts = {language: len(contexts[language]) for language in contexts}
        if source.use == "parallel":
            counts = {language: n + len(questions[language]) for language, n in counts.items()}
        return counts
    files = {language: _KEYED[source.layout](text, language) for language, text in texts.items()}
    for keyed in files.values():
        corpus.texts.update(keyed.values())
    if source.layout == "pairs" and "en" in files:
        files["en"] = {key: detokenise(text) for key, text in files["en"].items()}
    corpus.groups += _group(files)
    if source.layout == "lines":
        for language, keyed in files.items():
            runs = _runs(list(keyed.values()), language, size=8)
            corpus.paragraphs += [(language, paragraph) for paragraph in runs]
    return {language: len(keyed) for language, keyed in files.items()}


def read_corpus(
    folder: Path, languages: Iterable[str], sources: Sequence[Source] = SOURCES
) -> Corpus:
    """Read every declared source for the given languages.

    Raises MissingDataError naming each file that was looked for when any is absent: a backbone
    trained on less than its declared sources would not be the one its card describes.
    """
    wanted = list(languages)
    missing = [
        source.path(language)
        for source in sources
        for language in wanted
        if language in source.codes and not (folder / source.path(language)).is_file()
    ]
    if missing:
        more = f"\n  and {len(missing) - 12} more" if len(missing) > 12 else ""
        shown = "\n  ".join(missing[:12]) + more
        raise MissingDataError(
            f"{len(missing)} of the files to train on are not in {folder}:\n  {shown}",
            hint="`--data` must name the folder that holds the downloads in the layout listed in "
            "artifacts/backbones/mini/README.md (section Sources)",
        )
    corpus = Corpus()
    for source in sources:
        texts: dict[str, str] = {}
        hashes: dict[str, str] = {}
        for language in (code for code in wanted if code in source.codes):
            content = (folder / source.path(language)).read_bytes()
            hashes[language] = hashlib.sha256(content).hexdigest()
            texts[language] = content.decode("utf-8")
        if texts:
            counts = _read_source(source, texts, corpus)
            corpus.files += [
                FileUse(source.name, language, source.path(language), hashes[language], count)
                for language, count in counts.items()
            ]
    return corpus
