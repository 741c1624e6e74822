from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.guess import guess
from adapterxlt.tasks.own import own_catalogue
from adapterxlt.tasks.read import read_examples


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


LINES = [f"the first text {n},and a second {n},{'yes' if n % 2 else 'no'}" for n in range(9)]
ROWS = "\n".join([*LINES, ""])
SENTENCES = "Anna\tB-PER\nschläft\tO\n\nin\tO\nBern\tB-LOC\n\n" * 3


def test_pairs_in_csv_by_language_and_split(tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{language}/{split}.csv", f"one,two,same\n{ROWS}")
        for language in ("eng_Latn", "sr-Cyrl")
        for split in ("train", "validation")
    ]
    found = guess("pairs", files, tmp_path)
    assert found.entry == {
        "title": "pairs",
        "kind": "pair_classification",
        "labels": ["no", "yes"],
        "languages": ["eng_Latn", "sr-Cyrl"],
        "splits": ["train", "dev"],
        "format": "csv",
        "files": {"train": "{lang}/train.csv", "dev": "{lang}/validation.csv"},
        "columns": {"text_a": "one", "text_b": "two", "label": "same"},
    }
    assert "pair classification of 2 labels, from 36 rows" in found.notes
    assert "labels of `same`: no, yes" in found.notes


def test_tags_in_columns(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "ner-de.train.conll", SENTENCES),
        write(tmp_path / "ner-de.test.conll", SENTENCES.replace("Bern", "Genf")),
    ]
    entry = guess("ner", files, tmp_path).entry
    assert entry["kind"] == "tagging"
    assert entry["labels"] == ["O", "B-LOC", "B-PER"]
    assert entry["languages"] == ["de"]
    assert entry["files"] == {"train": "ner-{lang}.train.conll", "test": "ner-{lang}.test.conll"}
    assert entry["columns"] == {"token": 0, "tag": 1}


CONLLU = """\
# text = Im Haus.
1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_
1\tIn\tin\tADP\tAPPR\t_\t3\tcase\t_\t_
2\tdem\tder\tDET\tART\t_\t3\tdet\t_\t_
3\tHaus\tHaus\tNOUN\tNN\t_\t0\troot\t_\t_
3.1\tist\tsein\tAUX\tVAFIN\t_\t_\t_\t3:cop\t_
4\t.\t.\tPUNCT\t$.\t_\t3\tpunct\t_\t_

"""


def test_chunks_without_a_word_outside(tmp_path: Path) -> None:
    text = "Anna\tB-PER\nSAP\tB-ORG\nwins\n\nBob\tB-PER\n\n"  # `wins` has no tag
    found = guess("ner", [write(tmp_path / "train.conll", text)], tmp_path)
    assert found.entry["labels"] == ["B-ORG", "B-PER"]
    assert "metrics" not in found.entry
    assert not any("no chunks" in note for note in found.notes)


def test_a_treebank(tmp_path: Path) -> None:
    files = [write(tmp_path / f"de.{split}.conllu", CONLLU * 3) for split in ("train", "test")]
    found = guess("pos", files, tmp_path)
    assert found.entry["labels"] == ["ADP", "DET", "NOUN", "PUNCT"]
    assert found.entry["columns"] == {"token": 1, "tag": 3}
    assert "tagging of 4 labels, from 24 words" in found.notes
    assert found.entry["main_metric"] == "token_accuracy"
    write(tmp_path / "pos.yaml", yaml.safe_dump(found.entry))
    task = own_catalogue([tmp_path / "pos.yaml"])["pos"]
    first, *_ = read_examples(task, [tmp_path], "de", "train")
    assert first == TaggingExample("0", ("In", "dem", "Haus", "."), (0, 1, 2, 3))


def test_a_language_column(tmp_path: Path) -> None:
    rows = "".join(f"{'de' if n % 3 else 'fr'},{line}\n" for n, line in enumerate(LINES))
    file = write(tmp_path / "all.csv", f"lang,one,two,label\n{rows}")
    found = guess("pairs", [file], tmp_path)
    assert found.entry["languages"] == ["fr", "de"]
    assert found.entry["language_column"] == "lang"
    assert found.entry["files"] == {"train": "all.csv"}
    assert "the split is unknown; `train` is assumed" in found.notes


def test_quotes_that_are_text(tmp_path: Path) -> None:
    rows = "".join(f'"Oh!" he said {n}\tshe laughed {n}\t{n % 2}\n' for n in range(9))
    file = write(tmp_path / "en.tsv", f"one\ttwo\tlabel\n{rows}")
    assert guess("quotes", [file], tmp_path).entry["quoting"] == "none"


def test_lines(tmp_path: Path) -> None:
    file = write(tmp_path / "wol.txt", "Nanga def?\nJàmm rekk, alxamdulilaa.\n")
    entry = guess("text", [file], tmp_path).entry
    assert (entry["kind"], entry["format"], entry["languages"]) == ("mlm", "lines", ["wol"])


def test_columns_that_a_guess_does_not_use_are_named(tmp_path: Path) -> None:
    rows = "Where is my parcel,delivery\nI forgot my password,login\n"
    found = guess("mail", [write(tmp_path / "en.test.csv", f"message,team\n{rows}")], tmp_path)
    assert found.entry["kind"] == "mlm"
    told = "if one of them holds labels, correct `kind`, `labels` and `columns`"
    assert f"columns that are not used: `team`; {told}" in found.notes
    rows = "Where is my parcel,delivery,7\nI forgot my password,login,8\n"
    found = guess("mail", [write(tmp_path / "en.test.csv", f"text,label,day\n{rows}")], tmp_path)
    told = "if the task needs one of them, correct `kind` and `columns`"
    assert f"columns that are not used: `day`; {told}" in found.notes


CHOICES = {"context": "the man went to", "choices": ["the shop today", "the sea now"], "label": 1}


@pytest.mark.parametrize(
    ("name", "text", "columns", "labels"),
    [
        ("train.jsonl", json.dumps(CHOICES), {"choices": "choices"}, ["0", "1"]),
        (
            "train.csv",
            "context,ending0,ending1,label\nthe man went to,the shop today,the sea now,2\n",
            {"choices": ["ending0", "ending1"]},
            ["1", "2"],
        ),
        (
            "train.csv",
            "context,question,answerA,answerB,label\nit rains,so what,stay in,go out,B\n",
            {"question": "question", "choices": ["answerA", "answerB"]},
            ["A", "B"],
        ),
    ],
)
def test_choices(
    tmp_path: Path, name: str, text: str, columns: dict[str, object], labels: list[str]
) -> None:
    found = guess("ends", [write(tmp_path / name, text)], tmp_path)
    assert (found.entry["kind"], found.entry["labels"]) == ("multiple_choice", labels)
    assert found.entry["columns"] == {"context": "context", **columns, "label": "label"}
    entry = write(tmp_path / "ends.yaml", yaml.safe_dump(found.entry))
    (example,) = read_examples(own_catalogue([entry])["ends"], [], "en", "train")
    assert isinstance(example, ChoiceExample)
    assert (len(example.choices), example.label) == (2, 1)


@pytest.mark.parametrize("texts", [("好", "坏"), ("ดี", "แย่"), ("fine", "bad")])
def test_a_column_called_text_is_the_text(tmp_path: Path, texts: tuple[str, str]) -> None:
    file = write(tmp_path / "train.csv", f"text,category\n{texts[0]},pos\n{texts[1]},neg\n")
    entry = guess("mood", [file], tmp_path).entry
    assert entry["kind"] == "text_classification"
    assert entry["columns"] == {"text": "text", "label": "category"}
    other = write(tmp_path / "other.csv", "message,category\nfine,pos\nbad,neg\n")
    with pytest.raises(UsageError, match="no column except `category` looks") as caught:
        guess("mood", [other], tmp_path)
    assert "call the column of the texts `text`" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("value", "told"), [("", "it is empty"), ("German", "`German` is not a code")]
)
def test_a_language_column_that_cannot_be_used(tmp_path: Path, value: str, told: str) -> None:
    rows = f"en,foo bar baz,pos\n{value},foo bar foo,neg\n"
    file = write(tmp_path / "train.csv", f"lang,text,label\n{rows}")
    found = guess("mood", [file], tmp_path)
    assert "language_column" not in found.entry
    note = f"the column `lang` is not used for the language: {file}:3: {told}; "
    assert any(each.startswith(note) for each in found.notes)


def test_what_cannot_be_guessed(tmp_path: Path) -> None:
    table = write(tmp_path / "train.csv", f"one,two,same\n{ROWS}")
    lines = write(tmp_path / "test.txt", "only\ntexts here\n")
    with pytest.raises(UsageError, match=r"several formats: train.csv is csv, test.txt is lines"):
        guess("x", [table, lines], tmp_path)
    with pytest.raises(UsageError, match="is outside the folder of the entry"):
        guess("x", [table], tmp_path / "other")
    with pytest.raises(UsageError, match=r"no column looks like a text"):
        guess("x", [write(tmp_path / "c.csv", "a,b\n1,2\n3,4\n")], tmp_path)


@pytest.mark.parametrize("between", ["\t", " "])
def test_words_that_begin_with_a_number_sign(tmp_path: Path, between: str) -> None:
    rows = ["# id = 1", "#Brexit B-ORG", "is O", "here O", "", "Anna B-PER", "wins O", ""] * 3
    text = "\n".join(row if row[:2] == "# " else row.replace(" ", between) for row in rows)
    found = guess("ner", [write(tmp_path / "train.txt", text)], tmp_path)
    assert (found.entry["comments"], found.entry["labels"]) == ("# ", ["O", "B-ORG", "B-PER"])
    entry = write(tmp_path / "ner.yaml", yaml.safe_dump(found.entry))
    example, *_ = read_examples(own_catalogue([entry])["ner"], [], "en", "train")
    assert isinstance(example, TaggingExample)
    assert (example.words, example.tags) == (("#Brexit", "is", "here"), (1, 0, 0))


def test_columns_that_one_of_the_files_lacks(tmp_path: Path) -> None:
    rows = "".join(f"the text of number {n},{'yes' if n % 2 else 'no'}\n" for n in range(9))
    train = write(tmp_path / "train.csv", f"text,label\n{rows}")
    other = write(tmp_path / "test.csv", f"sentence,label\n{rows}")
    with pytest.raises(
        MissingDataError, match=r"test.csv: does not have the column `text`, which "
    ):
        guess("topics", [train, other], tmp_path)
    # Test files may lack the answers, and have further columns.
    blanked = "".join(f"{n},the text of number {n}\n" for n in range(9))
    write(other, f"id,text\n{blanked}")
    found = guess("topics", [train, other], tmp_path)
    assert found.entry["columns"] == {"text": "text", "label": "label"}


def test_json(tmp_path: Path) -> None:
    records = [{"text": f"some text {n}", "label": "ab"[n % 2]} for n in range(9)]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    found = guess("topics", [write(tmp_path / "train.json", lines)], tmp_path)
    assert (found.entry["format"], found.entry["kind"]) == ("jsonl", "text_classification")
    entry = write(tmp_path / "topics.yaml", yaml.safe_dump(found.entry))
    assert len(read_examples(own_catalogue([entry])["topics"], [], "en", "train")) == 9
    listed = write(tmp_path / "train.json", json.dumps(records))
    with pytest.raises(MissingDataError, match=r"train.json: is one list") as caught:
        guess("topics", [listed], tmp_path)
    assert caught.value.hint == "write records as JSON Lines, one object a line"


def test_withheld_tags(tmp_path: Path) -> None:
    tagged = [{"tokens": ["a", "b"], "tags": ["O", "B-X"]}] * 3 + [{"tokens": ["c"], "tags": None}]
    file = write(tmp_path / "train.jsonl", "".join(json.dumps(one) + "\n" for one in tagged))
    assert guess("ner", [file], tmp_path).entry["labels"] == ["O", "B-X"]


def test_a_file_that_does_not_name_its_language(tmp_path: Path) -> None:
    names = ("train.csv", "test.de.csv", "test.fr.csv")
    files = [write(tmp_path / name, f"one,two,same\n{ROWS}") for name in names]
    found = guess("pairs", files, tmp_path)
    assert found.entry["languages"] == ["de", "fr", "en"]
    assert found.entry["language_of"] == {"train": "en"}
    assert "train.csv: the language is unknown; `en` is assumed" in found.notes
    entry = write(tmp_path / "pairs.yaml", yaml.safe_dump(found.entry))
    task = own_catalogue([entry])["pairs"]
    assert len(read_examples(task, [], "en", "train")) == 9
    with pytest.raises(MissingDataError, match="no train data of `pairs` in language `de`"):
        read_examples(task, [], "de", "train")
