from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapterxlt.errors import UsageError
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


def test_what_cannot_be_guessed(tmp_path: Path) -> None:
    table = write(tmp_path / "train.csv", f"one,two,same\n{ROWS}")
    lines = write(tmp_path / "test.txt", "only\ntexts here\n")
    with pytest.raises(UsageError, match=r"several formats: train.csv is csv, test.txt is lines"):
        guess("x", [table, lines], tmp_path)
    with pytest.raises(UsageError, match="is outside the folder of the entry"):
        guess("x", [table], tmp_path / "other")
    with pytest.raises(UsageError, match=r"no column looks like a text"):
        guess("x", [write(tmp_path / "c.csv", "a,b\n1,2\n3,4\n")], tmp_path)
