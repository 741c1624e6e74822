"""Writes the folder in the layouts of the official XTREME and LASER downloads."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.pocket import LANGUAGES, choice, nli, paraphrase, qa, retrieval, tagging

ISO3 = {"de": "deu", "es": "spa", "fr": "fra", "ru": "rus", "zh": "cmn", "tr": "tur", "sw": "swh"}


def _write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(line + "\n" for line in lines)


def _json(path: Path, value: Any) -> None:
    _write(path, [json.dumps(value, ensure_ascii=False, separators=(",", ":"))])


def _splits(sizes: dict[str, int]) -> list[tuple[str, int, tuple[str, ...]]]:
    """(split, examples, languages): training data is English only."""
    return [(s, n, ("en",) if s == "train" else LANGUAGES) for s, n in sizes.items()]


def write_nli(out: Path, seed: int) -> None:
    rng, seen = random.Random(f"{seed} nli"), set[tuple[str, str]]()
    for split, size, languages in _splits({"train": 2400, "dev": 200, "test": 200}):
        pairs = nli.split(rng, split != "train", size, seen)
        for lang in languages:
            lines = ["\t".join((*nli.texts(pair, lang), pair.label)) for pair in pairs]
            _write(out / "xnli" / f"{split}-{lang}.tsv", lines)


def write_paraphrases(out: Path, seed: int) -> None:
    rng, seen = random.Random(f"{seed} paraphrase"), set[tuple[str, str]]()
    for split, size, languages in _splits({"train": 600, "dev": 200, "test": 200}):
        pairs = paraphrase.split(rng, split != "train", size, seen)
        for lang in languages:
            lines = ["\t".join((*paraphrase.texts(pair, lang), str(pair.label))) for pair in pairs]
            _write(out / "pawsx" / f"{split}-{lang}.tsv", lines)


def write_tags(out: Path, seed: int) -> None:
    for folder, train in (("udpos", 500), ("panx", 600)):
        make = tagging.pos_sentence if folder == "udpos" else tagging.ner_sentence
        rng, seen = random.Random(f"{seed} {folder}"), set[str]()
        for split, size, languages in _splits({"train": train, "dev": 120, "test": 120}):
            sentences = tagging.split(make, rng, split != "train", size, seen)
            for lang in languages:
                lines = []
                for sentence in sentences:
                    words = sentence(lang)
                    tags = (
                        [w.tag for w in words]
                        if folder == "udpos"
                        else [t for _, t in tagging.bio(words)]
                    )
                    lines += [f"{w.text}\t{t}" for w, t in zip(words, tags, strict=True)] + [""]
                _write(out / folder / f"{split}-{lang}.tsv", lines)


def write_questions(out: Path, seed: int) -> None:
    rng, seen = random.Random(f"{seed} qa"), set[str]()
    train = qa.split(rng, False, 1500, seen, each=2)
    _json(out / "squad" / "train-v1.1.json", qa.document(train, "en", "train"))
    dev = qa.split(rng, True, 150, seen, each=2)
    _json(out / "squad" / "dev-v1.1.json", qa.document(dev, "en", "dev"))
    test = qa.split(rng, True, 120, seen, each=2)
    for lang in LANGUAGES:
        _json(out / "xquad" / f"xquad.{lang}.json", qa.document(test, lang, "xquad"))
    write_few_questions(out, seed, seen)


def write_few_questions(out: Path, seed: int, seen: set[str]) -> None:
    """A small target for what has been trained on `squad`: a question a context, few to train on.

    Args:
        seen: English contexts that are taken.
    """
    rng = random.Random(f"{seed} few questions")
    splits = {"train": (100, ("en",)), "dev": (120, LANGUAGES)}
    for split, (size, languages) in splits.items():
        contexts = qa.split(rng, split != "train", size, seen, each=1)
        for lang in languages:
            folder = out / "tydiqa" / f"tydiqa-goldp-v1.1-{split}"
            document = qa.document(contexts, lang, f"tydiqa-{split}")
            _json(folder / f"tydiqa.goldp.{lang}.{split}.json", document)


def write_choices(out: Path, seed: int) -> None:
    rng, seen = random.Random(f"{seed} choice"), set[tuple[str, str]]()
    for split, size, languages in _splits({"train": 500, "val": 120, "test": 120}):
        choices = choice.split(rng, split != "train", size, seen)
        for lang in languages:
            records = [choice.record(one, lang, idx) for idx, one in enumerate(choices)]
            lines = [json.dumps(record, ensure_ascii=False) for record in records]
            _write(out / "xcopa" / f"{split}-{lang}.jsonl", lines)


def write_parallel(out: Path) -> None:
    rows = retrieval.everyday()
    for lang, iso3 in ISO3.items():
        for column, suffix in ((lang, iso3), ("en", "eng")):
            path = out / "tatoeba" / "v1" / f"tatoeba.{iso3}-eng.{suffix}"
            _write(path, [row[column] for row in rows])


def write_mining(out: Path, seed: int) -> None:
    for lang in retrieval.MINING_LANGUAGES:
        for split in ("dev", "test"):
            sides, gold = retrieval.mining_set(lang, split, seed)
            stem = out / "bucc2018" / f"{lang}-en.{split}"
            for side in (lang, "en"):
                lines = [f"{key}\t{text}" for key, text in sides[side]]
                _write(stem.with_name(f"{stem.name}.{side}"), lines)
            _write(stem.with_name(f"{stem.name}.gold"), [f"{a}\t{b}" for a, b in gold])


def write_description(out: Path) -> None:
    """The file that states its languages: no benchmark has published it."""
    lines = ["# No benchmark has these data: `languages: all` means all languages they are in."]
    _write(out / "adapterxlt-data.yaml", [*lines, f"languages: [{', '.join(LANGUAGES)}]"])


def build(out: Path, seed: int = 1) -> None:
    """Writes everything below `out`; the same seed gives the same bytes."""
    write_nli(out, seed)
    write_paraphrases(out, seed)
    write_tags(out, seed)
    write_questions(out, seed)
    write_choices(out, seed)
    write_parallel(out)
    write_mining(out, seed)
    write_description(out)
