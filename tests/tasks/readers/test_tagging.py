from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples

from ..conftest import Write

UPOS = get_task("udpos").labels


def read(root: Path, task: str, language: str, split: str) -> list[TaggingExample]:
    examples = read_examples(get_task(task), [root], language, split)
    assert all(isinstance(example, TaggingExample) for example in examples)
    return examples  # type: ignore[return-value]


def test_sentences(write: Write, tmp_path: Path) -> None:
    write("udpos/dev-de.tsv", "Ein\tDET\nHund\tNOUN\n\nJa\tINTJ\n\n")
    assert read(tmp_path, "udpos", "de", "dev") == [
        TaggingExample("0", ("Ein", "Hund"), (UPOS.index("DET"), UPOS.index("NOUN"))),
        TaggingExample("1", ("Ja",), (UPOS.index("INTJ"),)),
    ]


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n", "\r\n\r\n"])
def test_the_last_sentence_is_kept_whatever_follows(write: Write, tmp_path: Path, end: str) -> None:
    write("udpos/dev-de.tsv", f"\nJa\tINTJ\n \n\n\nNein\tINTJ{end}")
    words = [example.words for example in read(tmp_path, "udpos", "de", "dev")]
    assert words == [("Ja",), ("Nein",)]


def test_words_with_spaces_and_separators(write: Write, tmp_path: Path) -> None:
    write("udpos/dev-vi.tsv", "hai mươi\tNUM\na\u2028b\tX\n\u3000\tPUNCT\n")
    assert read(tmp_path, "udpos", "vi", "dev")[0].words == ("hai mươi", "a\u2028b", "\u3000")


@pytest.mark.parametrize("tab", ["", "\t"])
def test_blanked_test_tags(write: Write, tmp_path: Path, tab: str) -> None:
    write("udpos/test-de.tsv", f"Ein{tab}\nHund{tab}\n\nJa{tab}\n")
    assert read(tmp_path, "udpos", "de", "test") == [
        TaggingExample("0", ("Ein", "Hund"), None),
        TaggingExample("1", ("Ja",), None),
    ]


def test_tags_on_some_lines_only(write: Write, tmp_path: Path) -> None:
    path = write("udpos/test-de.tsv", "Ein\nHund\tNOUN\n")
    with pytest.raises(MissingDataError) as caught:
        read(tmp_path, "udpos", "de", "test")
    assert caught.value.message == f"{path}:1: `Ein` has no tag"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Hund", ":2: `Hund` has no tag"),
        ("Hund\t", ":2: `Hund` has no tag"),
        ("\tNOUN", ":2: a tag without a word"),
        ("Hund\tNOUN\tx", ":2: 3 tab-separated columns, 2 expected"),
        ("Hund\txyz", ":2: unknown label `xyz`\n  allowed: ADJ, ADP,"),
        ("Hund\tnoun", ":2: unknown label `noun`\n  did you mean `NOUN`\\?"),
        (
            "Hund\tNOUN ",
            "unknown label `NOUN `\n  did you mean `NOUN`\\? Its character 5 is "
            r"U\+0020 \(SPACE\), not its end",
        ),
        ("Hund\tNO\u200bUN", r"Its character 3 is U\+200B \(ZERO WIDTH SPACE\), not U\+0055"),
        ("Hund NOUN", ":2: `Hund NOUN` has no tag"),
    ],
)
def test_bad_lines(write: Write, tmp_path: Path, line: str, message: str) -> None:
    write("udpos/dev-de.tsv", f"Ein\tDET\n{line}\n")
    with pytest.raises(MissingDataError, match=message):
        read(tmp_path, "udpos", "de", "dev")


def test_wikiann_prefixes_are_dropped_when_every_word_has_one(write: Write, tmp_path: Path) -> None:
    write("panx/de/dev", "de:Bonn\tB-LOC\nde:de:x\tO\n\nde:ja\tO\n")
    assert [e.words for e in read(tmp_path, "panx", "de", "dev")] == [("Bonn", "de:x"), ("ja",)]


def test_a_word_that_looks_like_a_prefix_is_kept_and_said(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("panx/dev-de.tsv", "ja\tO\nde:Bonn\tB-LOC\nin\tO\n")
    assert read(tmp_path, "panx", "de", "dev")[0].words == ("ja", "de:Bonn", "in")
    assert "dev-de.tsv:2: `de:Bonn` begins with `de:`, as 1 of 3 words do" in caplog.text


def test_a_word_without_the_prefix_of_the_others_is_said(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("panx/de/dev", "de:Bonn\tB-LOC\nam\tO\nde:Rhein\tB-LOC\n\nde:ja\tO\n")
    found = [example.words for example in read(tmp_path, "panx", "de", "dev")]
    assert found == [("Bonn", "am", "Rhein"), ("ja",)]
    assert "panx/de/dev:2: `am` lacks the prefix `de:`" in caplog.text
    assert "1 of 4 words" in caplog.text


def test_no_word_is_said_of_files_that_agree(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("panx/dev-de.tsv", "Bonn\tB-LOC\nde:\tO\n")
    assert read(tmp_path, "panx", "de", "dev")[0].words == ("Bonn", "de:")
    write("panx/dev-fr.tsv", "fr:Bonn\tB-LOC\nfr:de:\tO\n")
    assert read(tmp_path, "panx", "fr", "dev")[0].words == ("Bonn", "de:")
    assert caplog.messages == []


def test_a_prefix_and_nothing_else(write: Write, tmp_path: Path) -> None:
    write("panx/dev-de.tsv", "de:Bonn\tB-LOC\nde:\tO\n")
    with pytest.raises(MissingDataError, match=":2: a tag without a word"):
        read(tmp_path, "panx", "de", "dev")


def test_a_word_that_looks_like_conlls_mark_is_kept(write: Write, tmp_path: Path) -> None:
    write("udpos/dev-de.tsv", "-DOCSTART-\tX\nja\tINTJ\n")
    assert read(tmp_path, "udpos", "de", "dev")[0].words == ("-DOCSTART-", "ja")


WORD = st.text(
    st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda word: bool(word.strip(" ")))
SENTENCE = st.lists(st.tuples(WORD, st.sampled_from(UPOS)), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENTENCE, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_round_trip(tmp_path: Path, sentences: list[list[tuple[str, str]]], end: str) -> None:
    blocks = ["".join(f"{word}\t{tag}{end}" for word, tag in sentence) for sentence in sentences]
    path = tmp_path / "udpos" / "dev-de.tsv"
    path.parent.mkdir(exist_ok=True)
    # The byte order mark keeps a word that begins with U+FEFF from being taken for one.
    path.write_bytes(b"\xef\xbb\xbf" + end.join(blocks).encode())
    examples = read(tmp_path, "udpos", "de", "dev")
    assert [
        [(word, UPOS[tag]) for word, tag in zip(e.words, e.tags or (), strict=True)]
        for e in examples
    ] == sentences
