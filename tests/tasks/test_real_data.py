"""Every reader on real downloads; the counts are those of the published (or cut) files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.data_hash import data_hash
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.read import read_bitext, read_examples, read_mining
from adapterxlt.tasks.texts import texts_of


def counts(real_data: Path, name: str, split: str) -> dict[str, int]:
    task = get_task(name)
    return {
        language: len(read_examples(task, [real_data], language, split))
        for language in available_languages(task, [real_data], split)
    }


def unlabelled(real_data: Path, name: str, language: str) -> bool:
    """Whether the labels of every test example are blanked."""
    examples = read_examples(get_task(name), [real_data], language, "test")
    return all(
        (example.tags if isinstance(example, TaggingExample) else example.label) is None
        for example in examples
        if not isinstance(example, QAExample)
    )


def labels(real_data: Path, name: str, split: str, language: str = "en") -> dict[int, int]:
    examples = read_examples(get_task(name), [real_data], language, split)
    return Counter(example.label for example in examples)  # type: ignore[union-attr, misc]


def test_anli_test_of_three_rounds(real_data: Path) -> None:
    assert labels(real_data, "anli", "test") == {0: 1070, 1: 1068, 2: 1062}


def test_qqp_sample(real_data: Path) -> None:
    assert labels(real_data, "qqp", "train") == {0: 100, 1: 100}
    assert counts(real_data, "qqp", "test") == {"en": 100}


def test_intermediate_multiple_choice(real_data: Path) -> None:
    assert labels(real_data, "hellaswag", "train") == {0: 481, 1: 509, 2: 503, 3: 507}
    assert counts(real_data, "hellaswag_mt", "dev") == dict.fromkeys(("en", "fa", "ru"), 500)
    assert counts(real_data, "commonsenseqa", "train") == {"en": 6000}
    assert labels(real_data, "commonsenseqa", "dev") == {0: 239, 1: 255, 2: 241, 3: 251, 4: 235}
    assert unlabelled(real_data, "commonsenseqa", "en")
    assert counts(real_data, "commonsenseqa", "test") == {"en": 300}
    assert labels(real_data, "cosmosqa", "dev") == {0: 744, 1: 729, 2: 761, 3: 751}
    assert counts(real_data, "cosmosqa", "train") == {"en": 10}


def test_hellaswag_choices_begin_with_ctx_b(real_data: Path) -> None:
    example = read_examples(get_task("hellaswag"), [real_data], "en", "train", cap=1)[0]
    assert isinstance(example, ChoiceExample)
    assert example.context.endswith("a woman wearing winter clothes smiles.")
    assert all(choice.startswith("then , ") for choice in example.choices)


def test_masakhanews(real_data: Path) -> None:
    assert counts(real_data, "masakhanews", "dev") == {
        "en": 250, "fr": 211, "ha": 200, "sw": 200, "yo": 200,
    }  # fmt: skip
    assert counts(real_data, "masakhanews", "test") == {"en": 600}


def test_nli_dev_sets(real_data: Path) -> None:
    for name, sizes in (("mnli", (3479, 3123, 3213)), ("snli", (3329, 3235, 3278))):
        examples = read_examples(get_task(name), [real_data], "en", "dev")
        labels = Counter(e.label for e in examples if isinstance(e, PairExample))
        assert labels == dict(enumerate(sizes))


def test_xnli(real_data: Path) -> None:
    languages = get_task("xnli").languages
    assert counts(real_data, "xnli", "dev") == {**dict.fromkeys(languages, 1200), "en": 2490}
    assert counts(real_data, "xnli", "test") == dict.fromkeys(languages, 200)
    assert unlabelled(real_data, "xnli", "sw")


def test_xnli_lines_are_parallel(real_data: Path) -> None:
    labels = {
        language: [
            example.label
            for example in read_examples(get_task("xnli"), [real_data], language, "dev", cap=1200)
            if isinstance(example, PairExample)
        ]
        for language in get_task("xnli").languages
    }
    assert all(column == labels["en"] for column in labels.values())


def test_pawsx(real_data: Path) -> None:
    languages = get_task("pawsx").languages
    assert counts(real_data, "pawsx", "dev") == dict.fromkeys(languages, 2000)
    assert counts(real_data, "pawsx", "test") == dict.fromkeys(languages, 200)
    assert unlabelled(real_data, "pawsx", "ko")


def test_csv_quoting_is_undone_in_pawsx(real_data: Path) -> None:
    # These files were written by csv.writer: no text keeps its doubled quotes all round.
    for language in ("es", "fr", "ko"):
        examples = read_examples(get_task("pawsx"), [real_data], language, "dev")
        texts = list(texts_of(examples))
        assert any('"' in text for text in texts)
        assert not [t for t in texts if t.startswith('"') and t.endswith('"') and '""' in t[1:-1]]


def test_pawsx_in_the_upstream_layout(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "x-final").symlink_to(real_data / "pawsx_original_format")
    task = get_task("pawsx")
    published = read_examples(task, [tmp_path], "de", "test")
    labels = Counter(e.label for e in published if isinstance(e, PairExample))
    assert labels.total() == 2000
    assert set(labels) == {0, 1}
    # XTREME's test files are the same sentences, written anew and without the labels.
    blanked = read_examples(task, [real_data], "de", "test")
    assert len(blanked) == 200
    assert list(texts_of(published[:200])) == list(texts_of(blanked))


def test_udpos(real_data: Path) -> None:
    cut = ["ar", "bg", "de", "en", "es", "fi", "fr", "hi", "ko", "ru", "tr", "vi", "zh"]
    small = {"el": 403, "ur": 552, "ja": 511, "mr": 46, "te": 131}
    assert counts(real_data, "udpos", "dev") == {**dict.fromkeys(cut, 700), **small}
    assert counts(real_data, "udpos", "train") == {"en": 10_000}
    assert counts(real_data, "udpos", "test") == {"de": 200, "th": 200, "yo": 100}
    assert unlabelled(real_data, "udpos", "yo")


def test_udpos_words(real_data: Path) -> None:
    examples = read_examples(get_task("udpos"), [real_data], "en", "train")
    words = sum(len(e.words) for e in examples if isinstance(e, TaggingExample))
    assert words == 162_126


def test_panx(real_data: Path) -> None:
    languages = [
        "en",
        "de",
        "es",
        "fr",
        "ru",
        "zh",
        "ar",
        "hi",
        "tr",
        "vi",
        "sw",
        "bg",
        "el",
        "ur",
        "ja",
        "ko",
        "fi",
    ]
    assert counts(real_data, "panx", "dev") == dict.fromkeys(languages, 1000)
    assert counts(real_data, "panx", "train") == {"en": 20_000}
    assert counts(real_data, "panx", "test") == {"de": 200, "sw": 200, "th": 200}
    assert unlabelled(real_data, "panx", "th")


def test_questions(real_data: Path) -> None:
    assert counts(real_data, "squad", "dev") == {"en": 10_570}
    xquad = get_task("xquad")
    assert counts(real_data, "xquad", "test") == dict.fromkeys(xquad.languages, 1190)
    # Of XTREME-R: no part of XTREME, read by its name.
    assert len(read_examples(xquad, [real_data], "ro", "test")) == 1190


def test_squad_2(real_data: Path) -> None:
    examples = read_examples(get_task("squad_v2"), [real_data], "en", "dev")
    assert len(examples) == 11_873
    assert sum(e.answers == () for e in examples if isinstance(e, QAExample)) == 5_945


def test_mlqa(real_data: Path) -> None:
    assert counts(real_data, "mlqa", "dev") == {
        "en": 1148, "es": 301, "de": 300, "ar": 301, "hi": 300, "vi": 300, "zh": 300,
    }  # fmt: skip
    assert counts(real_data, "mlqa_cross", "dev") == {"en-de": 100, "de-en": 100}
    assert counts(real_data, "xglue_mlqa", "dev") == counts(real_data, "mlqa", "dev")


def test_tydiqa(real_data: Path) -> None:
    examples = read_examples(get_task("tydiqa"), [real_data], "en", "train")
    assert len(examples) == len({example.id for example in examples}) == 2_500
    languages = get_task("tydiqa").languages
    expected = {**dict.fromkeys(languages, 400), "bn": 113, "ko": 276}
    assert counts(real_data, "tydiqa", "dev") == counts(real_data, "tydiqa", "test") == expected
    # XTREME blanks them; the ids still say the language.
    for language in languages:
        for example in read_examples(get_task("tydiqa"), [real_data], language, "test"):
            assert isinstance(example, QAExample)
            assert example.answers is None


def test_published_samples_of_other_projects(real_data: Path, tmp_path: Path) -> None:
    fixtures = real_data / "allennlp_fixtures"
    for source, target in (
        (fixtures / "rc" / "squad.json", "squad/dev-v1.1.json"),
        (real_data / "squad_samples/FARM/train-sample.json", "squad/train-v2.0.json"),
        (fixtures / "pair_classification" / "snli.jsonl", "snli_1.0/snli_1.0_dev.jsonl"),
        (fixtures / "mc" / "commonsenseqa.jsonl", "commonsenseqa/dev_rand_split.jsonl"),
        (real_data / "jiant_samples/data/mnli/mnli_train.jsonl", "mnli/train.jsonl"),
    ):
        (tmp_path / target).parent.mkdir(exist_ok=True)
        (tmp_path / target).symlink_to(source)
    sizes = {
        name: len(read_examples(get_task(name), [tmp_path], "en", split))
        for name, split in (("squad", "dev"), ("squad_v2", "train"), ("snli", "dev"),
                            ("commonsenseqa", "dev"), ("mnli", "train"))
    }  # fmt: skip
    assert sizes == {"squad": 5, "squad_v2": 1, "snli": 3, "commonsenseqa": 10, "mnli": 5}


def test_xtreme_s_sorted_tatoeba_is_put_back_in_order(real_data: Path, tmp_path: Path) -> None:
    """For all 36 languages, from files written as XTREME's script writes them."""
    task = get_task("tatoeba")
    folder = tmp_path / "tatoeba"
    folder.mkdir()
    for language in task.languages:
        original = read_bitext(task, [real_data], language)
        english = "".join(f"{line}\n" for line in original.target)
        (folder / f"tatoeba.{task.iso3[language]}-eng.eng").write_text(english)
        sorted_side = sorted(line.strip() for line in original.target)
        (folder / f"{language}-en.en").write_text("".join(f"{line}\n" for line in sorted_side))
        source = "".join(f"{line}\n" for line in original.source)
        (folder / f"{language}-en.{language}").write_text(source)
        found = read_bitext(task, [tmp_path], language)
        assert found.source == original.source
        assert found.target == tuple(line.strip() for line in original.target)


def test_xquad_english_lies_inside_squad_dev(real_data: Path) -> None:
    inside = {
        example.context
        for example in read_examples(get_task("squad"), [real_data], "en", "dev")
        if isinstance(example, QAExample)
    }
    outside = {
        example.context
        for example in read_examples(get_task("xquad"), [real_data], "en", "test")
        if isinstance(example, QAExample)
    }
    assert len(outside) == 240
    assert outside <= inside


def test_multiple_choice(real_data: Path) -> None:
    assert counts(real_data, "copa", "train") == {"en": 400}
    assert counts(real_data, "xcopa", "dev") == dict.fromkeys(get_task("xcopa").languages, 100)
    assert counts(real_data, "xcopa", "test") == dict.fromkeys(
        ["en", "id", "sw", "th", "tr", "vi", "zh"], 500
    )
    assert unlabelled(real_data, "xcopa", "sw")
    siqa = read_examples(get_task("siqa"), [real_data], "en", "dev")
    labels = Counter(example.label for example in siqa if isinstance(example, ChoiceExample))
    assert labels == {0: 643, 1: 654, 2: 657}


def test_tatoeba_in_112_languages(real_data: Path) -> None:
    task = get_task("tatoeba")
    assert available_languages(task, [real_data], "test") == task.languages
    folder = real_data / "tatoeba" / "v1"
    codes = {path.suffix[1:] for path in folder.glob("tatoeba.*-eng.*")} - {"eng"}
    sizes = {code: len(read_bitext(task, [real_data], code).source) for code in codes}
    assert len(sizes) == 112
    assert sum(sizes.values()) == 88_877
    # Every two-letter code leads to files that are there, and no two to the same.
    assert set(task.languages) <= set(task.iso3)
    assert len(set(task.iso3.values())) == len(task.iso3)
    assert set(task.iso3.values()) <= codes
    assert (
        read_bitext(task, [real_data], "sw").source == read_bitext(task, [real_data], "swh").source
    )


def test_bucc(real_data: Path) -> None:
    task = get_task("bucc2018")
    assert available_languages(task, [real_data], "dev") == ("zh",)
    mining = read_mining(task, [real_data], "zh", "dev")
    assert (len(mining.source), len(mining.target)) == (8_624, 13_589)
    assert mining.gold is not None
    assert len(mining.gold) == 257


@pytest.mark.parametrize("name", ["xnli", "udpos", "xquad"])
def test_hashes_do_not_depend_on_how_a_folder_is_reached(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    link = tmp_path / "link"
    link.symlink_to(real_data)
    task = get_task(name)
    languages = ["de", "en"]
    assert data_hash(task, [link], languages, "dev") == data_hash(
        task, [real_data], languages, "dev"
    )
