"""The committed folder: reproducible, parallel, balanced, without leaks, within its size."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tools.pocket import LANGUAGES
from tools.pocket.build import ISO3, build, write_choices
from tools.pocket.retrieval import MINING_LANGUAGES

POCKET = Path(__file__).resolve().parents[3] / "artifacts" / "data" / "pocket"
UPOS = {
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
}


def lines(name: str) -> list[str]:
    text = (POCKET / name).read_text("utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def columns(name: str) -> list[list[str]]:
    return [line.split("\t") for line in lines(name)]


def records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(name)]


def sentences(name: str) -> list[list[list[str]]]:
    blocks = (POCKET / name).read_text("utf-8").strip("\n").split("\n\n")
    return [[line.split("\t") for line in block.split("\n")] for block in blocks]


def questions(name: str) -> list[tuple[str, str, str, int, str]]:
    """(id, context, question, start, answer)"""
    document = json.loads((POCKET / name).read_text("utf-8"))
    found = []
    for article in document["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                (answer,) = qa["answers"]
                found.append(
                    (
                        qa["id"],
                        paragraph["context"],
                        qa["question"],
                        answer["answer_start"],
                        answer["text"],
                    )
                )
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "README.md"
    }


def test_rebuilding_gives_the_committed_bytes(tmp_path: Path) -> None:
    build(tmp_path, seed=1)
    built, committed = files(tmp_path), files(POCKET)
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == []


def test_another_seed_gives_other_data(tmp_path: Path) -> None:
    write_choices(tmp_path, seed=2)
    name = "xcopa/train-en.jsonl"
    assert (tmp_path / name).read_bytes() != (POCKET / name).read_bytes()


def test_at_most_three_and_a_half_megabytes() -> None:
    assert sum(path.stat().st_size for path in POCKET.rglob("*") if path.is_file()) <= 3_500_000


def test_no_stray_spaces() -> None:
    for name, content in files(POCKET).items():
        text = content.decode("utf-8")
        assert "  " not in text, name
        assert " ." not in text, name


@pytest.mark.parametrize(
    ("folder", "labels", "train"),
    [("xnli", ["contradiction", "entailment", "neutral"], 2400), ("pawsx", ["0", "1"], 600)],
)
def test_sentence_pairs(folder: str, labels: list[str], train: int) -> None:
    seen = {tuple(row[:2]) for row in columns(f"{folder}/train-en.tsv")}
    assert len(seen) == train
    for split, size in (("dev", 200), ("test", 200)):
        english = columns(f"{folder}/{split}-en.tsv")
        for lang in LANGUAGES:
            rows = columns(f"{folder}/{split}-{lang}.tsv")
            assert [row[2] for row in rows] == [row[2] for row in english]
            assert all(len(row) == 3 and row[0] != row[1] for row in rows)
        assert len(english) == size
        counts = Counter(row[2] for row in english)
        assert sorted(counts) == labels
        assert max(counts.values()) - min(counts.values()) <= 1
        pairs = {tuple(row[:2]) for row in english}
        assert not pairs & seen
        seen |= pairs


def test_hypothesis_length_does_not_give_the_label_away() -> None:
    """The best rule on the length difference alone stays far below what a model reaches."""
    rows = columns("xnli/train-en.tsv")
    by_length: dict[int, Counter[str]] = {}
    for premise, hypothesis, label in rows:
        difference = len(premise.split()) - len(hypothesis.split())
        by_length.setdefault(difference, Counter())[label] += 1
    assert sum(max(c.values()) for c in by_length.values()) / len(rows) < 0.55


@pytest.mark.parametrize(
    ("folder", "train", "tags"),
    [
        ("udpos", 500, UPOS),
        ("panx", 600, {"O"} | {f"{b}-{e}" for b in "BI" for e in ("PER", "ORG", "LOC")}),
    ],
)
def test_tagged_sentences(folder: str, train: int, tags: set[str]) -> None:
    def texts(found: list[list[list[str]]]) -> set[str]:
        return {" ".join(word for word, _ in sentence) for sentence in found}

    seen = texts(sentences(f"{folder}/train-en.tsv"))
    assert len(seen) == train
    for split in ("dev", "test"):
        for lang in LANGUAGES:
            found = sentences(f"{folder}/{split}-{lang}.tsv")
            assert len(found) == 120
            for sentence in found:
                previous = "O"
                for word, tag in sentence:
                    assert word
                    assert tag in tags
                    if tag.startswith("I-"):
                        assert previous[2:] == tag[2:], (lang, sentence)
                    previous = tag
        new = texts(sentences(f"{folder}/{split}-en.tsv"))
        assert not new & seen
        seen |= new


def test_entities_are_parallel() -> None:
    for split in ("dev", "test"):
        starts = {
            lang: [
                Counter(tag for _, tag in sentence if tag.startswith("B-"))
                for sentence in sentences(f"panx/{split}-{lang}.tsv")
            ]
            for lang in LANGUAGES
        }
        assert all(starts[lang] == starts["en"] for lang in LANGUAGES)


FEW = "tydiqa/tydiqa-goldp-v1.1-{split}/tydiqa.goldp.{lang}.{split}.json"


def test_answers_stand_where_they_are_said_to_stand() -> None:
    names = ["squad/train-v1.1.json", "squad/dev-v1.1.json"]
    names += [f"xquad/xquad.{lang}.json" for lang in LANGUAGES]
    names += [FEW.format(split="train", lang="en")]
    names += [FEW.format(split="dev", lang=lang) for lang in LANGUAGES]
    for name in names:
        for _, context, question, start, answer in questions(name):
            assert answer
            assert context[start : start + len(answer)] == answer
            assert question[-1] in "?？"


def test_questions_are_parallel_and_new() -> None:
    train, dev = questions("squad/train-v1.1.json"), questions("squad/dev-v1.1.json")
    test = questions("xquad/xquad.en.json")
    assert (len(train), len(dev), len(test)) == (1500, 150, 120)
    keys = [one[0] for one in train + dev + test]
    assert len(set(keys)) == len(keys)
    contexts = [{one[1] for one in part} for part in (train, dev, test)]
    assert not contexts[0] & contexts[1]
    assert not (contexts[0] | contexts[1]) & contexts[2]
    for lang in LANGUAGES:
        assert [one[0] for one in questions(f"xquad/xquad.{lang}.json")] == [one[0] for one in test]


def test_the_small_target_has_few_questions_on_new_contexts() -> None:
    train = questions(FEW.format(split="train", lang="en"))
    dev = questions(FEW.format(split="dev", lang="en"))
    assert (len(train), len(dev)) == (100, 120)
    taken = {
        one[1]
        for name in ("squad/train-v1.1.json", "squad/dev-v1.1.json", "xquad/xquad.en.json")
        for one in questions(name)
    }
    assert len(taken | {one[1] for one in train + dev}) == len(taken) + 220
    for lang in LANGUAGES:
        found = questions(FEW.format(split="dev", lang=lang))
        assert [one[0] for one in found] == [one[0] for one in dev]


def test_choices() -> None:
    def right(row: dict[str, Any]) -> tuple[str, str]:
        return row["premise"], row[f"choice{row['label'] + 1}"]

    seen = {right(row) for row in records("xcopa/train-en.jsonl")}
    assert len(seen) == 500
    for split in ("val", "test"):
        english = records(f"xcopa/{split}-en.jsonl")
        assert len(english) == 120
        assert Counter(row["label"] for row in english) == {0: 60, 1: 60}
        assert [row["idx"] for row in english] == list(range(120))
        for lang in LANGUAGES:
            rows = records(f"xcopa/{split}-{lang}.jsonl")
            for row, same in zip(rows, english, strict=True):
                assert (row["label"], row["question"]) == (same["label"], same["question"])
                assert row["choice1"] != row["choice2"]
                assert "{" not in row["premise"] + row["choice1"] + row["choice2"]
        new = {right(row) for row in english}
        assert not new & seen
        seen |= new


def test_parallel_sentences() -> None:
    english = lines("tatoeba/v1/tatoeba.deu-eng.eng")
    for iso3 in ISO3.values():
        foreign = lines(f"tatoeba/v1/tatoeba.{iso3}-eng.{iso3}")
        assert lines(f"tatoeba/v1/tatoeba.{iso3}-eng.eng") == english
        assert len(foreign) == len(set(foreign)) == len(english) == len(set(english)) == 300


@pytest.mark.parametrize("lang", MINING_LANGUAGES)
def test_mining_sets(lang: str) -> None:
    tatoeba = set(lines("tatoeba/v1/tatoeba.deu-eng.eng"))
    tatoeba |= set(lines(f"tatoeba/v1/tatoeba.{ISO3[lang]}-eng.{ISO3[lang]}"))
    all_texts: list[str] = []
    for split in ("dev", "test"):
        foreign = dict(columns(f"bucc2018/{lang}-en.{split}.{lang}"))
        english = dict(columns(f"bucc2018/{lang}-en.{split}.en"))
        gold = columns(f"bucc2018/{lang}-en.{split}.gold")
        assert (len(foreign), len(english), len(gold)) == (400, 600, 80)
        assert all(a in foreign and b in english for a, b in gold)
        assert len({a for a, _ in gold}) == len({b for _, b in gold}) == 80
        all_texts += [*foreign.values(), *english.values()]
    assert len(all_texts) == len(set(all_texts))
    assert not tatoeba & set(all_texts)
