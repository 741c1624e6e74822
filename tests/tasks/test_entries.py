"""Built-in entries on files as their makers publish them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.read import read_examples
from adapterxlt.tasks.task_languages import language_in

from .conftest import Write


def test_universal_ner_takes_what_is_no_kind_of_entity_for_none(
    write: Write, tmp_path: Path
) -> None:
    write(
        "UNER_German-PUD/de_pud-ud-test.iob2",
        "# sent_id = 1\n# text = Ada liest die Zeit\n"
        "1\tAda\tB-PER\t-\tann\n2\tliest\tB-O\t-\tann\n"
        "3\tdie\tB-OTH\t-\tann\n4\tZeit\tI-OTH\t-\tann\n\n",
    )
    task = get_task("universal_ner")
    assert available_languages(task, [tmp_path], "test") == ("deu_Latn",)
    assert available_languages(task, [tmp_path], "train") == ()
    assert read_examples(task, [tmp_path], language_in(task, "de"), "test") == [
        TaggingExample("0", ("Ada", "liest", "die", "Zeit"), (task.labels.index("B-PER"), 0, 0, 0))
    ]


def test_taxi1500_in_english_and_in_what_its_script_makes(write: Write, tmp_path: Path) -> None:
    write("eng_data/eng_test.tsv", '51002005\tFaith\tHe said : "Come\n')
    write("corpus_obtain/train_dev_test/test/swh.tsv", "51002005\tFaith\tAlisema\n")
    task = get_task("taxi1500")
    assert available_languages(task, [tmp_path], "test") == ("eng_Latn",)
    read = [read_examples(task, [tmp_path], language, "test") for language in ("eng_Latn", "swh")]
    assert read == [
        [LabelledText("0", 'He said : "Come', None, "Faith")],
        [LabelledText("0", "Alisema", None, "Faith")],
    ]
    with pytest.raises(MissingDataError, match="no test data of `taxi1500` in language `deu`"):
        read_examples(task, [tmp_path], "deu", "test")


def test_afrixnli_as_its_repository_has_it(write: Write, tmp_path: Path) -> None:
    rows = "premise\thypothesis\tlabel\nMbwa.\tMnyama.\t0\nMbwa.\tPaka.\t2\n"
    write("masakhane/afrixnli/data/swa/dev.tsv", rows)
    assert read_examples(get_task("afrixnli"), [tmp_path], "swa_Latn", "dev") == [
        PairExample("0", "Mbwa.", "Mnyama.", 0),  # entailment
        PairExample("1", "Mbwa.", "Paka.", 2),  # contradiction
    ]
