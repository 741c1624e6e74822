from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.tasks.catalogue import Home, Task, catalogue
from adapterxlt.tasks.lexicon import (
    all_new,
    divide,
    is_of,
    key_of,
    lexicon_of,
    lexicon_task,
    name_of,
    read_lexicon,
)
from tests.tasks.conftest import Write


def read(path: str, folder: Path, language: str | None = None) -> list[tuple[str, str]]:
    task = lexicon_task(path, language)
    return list(read_lexicon(task, [folder], task.languages[0]).pairs)


WORDS = [("maji", "water"), ("moto", "fire"), ("moto", "heat")]


@pytest.mark.parametrize(
    ("path", "language", "content"),
    [
        ("a/en_sw.tsv", None, "water\tmaji\n\nfire\tmoto\r\nheat\tmoto\nfire\tmoto\n"),
        ("sw-en.txt", None, "maji water\nmoto fire\nmoto  heat\n"),
        ("eng-swa.0-5000.txt", None, "water maji\nfire moto\nheat moto\n"),
        ("words.tsv", "sw", "water\tmaji\nfire\tmoto\nheat\tmoto\n"),
        ("en_sw.json", None, '[["water", "maji"], ["fire", "moto"], ["heat", "moto"]]'),
        (
            "train_pairs.json",
            "sw",
            '[{"swahili": "maji", "english": "water"}, {"swahili": "moto", "english": "fire"},'
            ' {"english": "heat", "swahili": "moto"}]',
        ),
    ],
)
def test_layouts(
    path: str, language: str | None, content: str, write: Write, tmp_path: Path
) -> None:
    write(path, content)
    assert read(path, tmp_path, language) == WORDS


def test_where_neither_side_is_english_the_first_column_stands_for_it(
    write: Write, tmp_path: Path
) -> None:
    write("de_fr.tsv", "Wasser\teau\n")
    assert lexicon_task("de_fr.tsv").languages == ("fr",)
    assert read("de_fr.tsv", tmp_path) == [("eau", "Wasser")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "water\tmaji\nfire\n",
            ("en_sw.tsv:2: expected a word and its translation, separated by one tab"),
        ),
        ("water\tmaji\tWASSER\n", "en_sw.tsv:1: expected a word and its translation"),
        ("water maji\na lot sana\n", "en_sw.tsv:2: expected a word .* separated by one blank"),
        ('[["water"]]', "item 1 is not a pair of texts"),
        ('[["water", "maji"], {"a": 1, "b": "c"}]', "item 2 is not a pair of texts"),
        ("[]", "the file does not contain any entries"),
        ('[["a"', "not JSON"),
    ],
)
def test_what_is_malformed(content: str, message: str, write: Write, tmp_path: Path) -> None:
    write("en_sw.tsv", content)
    with pytest.raises(MissingDataError, match=message):
        read("en_sw.tsv", tmp_path)


@pytest.mark.parametrize(
    "path", ["../en_sw.tsv", "/etc/en_sw.tsv", "en_{lang}.tsv", "en_*.tsv", "words.tsv", "語.tsv"]
)
def test_paths_that_cannot_be_one(path: str) -> None:
    with pytest.raises(ValueError, match=r"not a path inside|not the name of|does not tell"):
        lexicon_task(path)


def test_a_file_has_the_name_of_a_task() -> None:
    assert name_of("gatitos/en_hi.tsv") == "gatitos_en_hi"
    assert name_of("mine") == "mine"
    assert len(name_of("x" * 90 + "/en_hi.tsv")) <= 60
    assert is_of(lexicon_task("a/en_hi.tsv"), "a/en_hi.tsv")
    assert not is_of(lexicon_task("a/en_hi.tsv"), "a_en/hi.tsv")
    assert not is_of(catalogue()["mnli"], "mnli.tsv")


def test_it_lies_beside_the_recipe_too(write: Write, tmp_path: Path) -> None:
    write("r/en_sw.tsv", "water\tmaji\n")
    folder = tmp_path / "r"
    known = catalogue().with_own({"en_sw": (lexicon_task("en_sw.tsv"), Home(folder, folder))})
    task: Task = known["en_sw"]
    assert read_lexicon(task, [tmp_path], "sw").pairs == (("maji", "water"),)


words = st.sampled_from(["a", "A", "b", "c.", "c", "d", "e", "f", "g", "h", "ß", "ss", "!"])


@given(
    pairs=st.lists(st.tuples(words, words), min_size=1, max_size=25),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 5),
)
def test_no_word_of_what_is_held_out_is_trained_on_either_side(
    pairs: list[tuple[str, str]], share: float, seed: int
) -> None:
    lexicon = lexicon_of(Bitext("sw", tuple(a for a, _ in pairs), tuple(b for _, b in pairs)))
    try:
        found = divide(lexicon, share, seed)
    except MissingDataError:
        return
    assert sorted(found.trained + found.held_out) == list(range(len(lexicon)))
    assert found.trained
    assert len(found.held_out) <= round(share * len(lexicon))
    assert bool(found.held_out) == bool(share)
    trained, held = (
        {key_of(word) for word in lexicon.part(rows).words}
        for rows in (found.trained, found.held_out)
    )
    assert not trained & held
    assert divide(lexicon, share, seed) == found


def test_words_of_phrases_are_new_if_none_was_trained_on_the_same_side() -> None:
    lexicon = lexicon_of(
        Bitext(
            "hi",
            ("sahamat hona", "hona.", "pani pina", "to", "naya"),
            ("agree", "be", "To drink water", "pani", "to agree"),
        )
    )
    trained, measured = lexicon.part([1, 2]), lexicon.part([0, 3, 4])
    # `hona` is trained; `to` is trained in English alone, and `pani` in the other language alone.
    assert all_new(measured, trained) == [False, True, False]
    assert all_new(measured, lexicon.part([])) == [True, True, True]


def test_the_share_is_filled_and_the_seed_draws() -> None:
    lexicon = lexicon_of(
        Bitext("sw", tuple(map(str, range(100))), tuple("x" + str(i) for i in range(100)))
    )
    one, other = divide(lexicon, 0.1, 1), divide(lexicon, 0.1, 2)
    assert (len(one.held_out), one.groups, one.largest) == (10, 100, 1)
    assert one.held_out != other.held_out


def test_what_hangs_together_cannot_be_held_out() -> None:
    lexicon = lexicon_of(Bitext("sw", ("a", "b", "c"), ("x", "x", "x")))
    with pytest.raises(MissingDataError, match=r"cannot hold out 0\.5 of 3 entries: .* has 3"):
        divide(lexicon, 0.5, 1)
    assert divide(lexicon, 0.0, 1).held_out == ()
