from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.mlm import TextExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.read import read_examples

from ..conftest import Write
from .test_qa import CONTEXT, question, squad

MLM = get_task("mlm")


def test_lines(write: Write, tmp_path: Path) -> None:
    write("mlm/gd.train.txt", "Madainn mhath.\n\n  \n  Ciamar a tha thu?\u2028Tha mi  \n")
    write("mlm/gd.dev.txt", "Tapadh leat.")
    assert read_examples(MLM, [tmp_path], "gd", "train") == [
        TextExample("1", "Madainn mhath."),
        TextExample("4", "Ciamar a tha thu?\u2028Tha mi"),
    ]
    assert read_examples(MLM, [tmp_path], "gd", "dev") == [TextExample("1", "Tapadh leat.")]
    assert available_languages(MLM, [tmp_path], "train") == ("gd",)


def test_one_file_a_language(write: Write, tmp_path: Path) -> None:
    write("mlm/de.txt", "Hallo.")
    assert read_examples(MLM, [tmp_path], "de", "train") == [TextExample("1", "Hallo.")]
    with pytest.raises(MissingDataError, match="no dev data of `mlm` in language `de`"):
        read_examples(MLM, [tmp_path], "de", "dev")


def test_contexts_come_once(write: Write, tmp_path: Path) -> None:
    asked = squad(question("who", (0, "Ümit")), question("where"))
    write("mlqa/MLQA_V1/dev/dev-context-de-question-de.json", asked)
    assert read_examples(MLM, [tmp_path], "de", "train") == [TextExample("1", CONTEXT)]


def test_contexts_of_another_schema(write: Write, tmp_path: Path) -> None:
    write("mlqa/MLQA_V1/dev/dev-context-de-question-de.json", '{"data": [{"text": "x"}]}')
    with pytest.raises(MissingDataError, match="not in the SQuAD format"):
        read_examples(MLM, [tmp_path], "de", "train")


def test_languages_that_ntrex_calls_otherwise(write: Write, tmp_path: Path) -> None:
    """FLORES has `swh`, `zho_Hans`, `zsm`, `pes` and `tgl` for them."""
    named = {
        "sw": "swa", "zh": "zho-CN", "ms": "msa", "fa": "fas", "tl": "fil", "az": "aze-Latn",
        "de": "deu", "pl": "pol", "prs": "prs",
    }  # fmt: skip
    for language, code in named.items():
        write(f"ntrex128/newstest2019-ref.{code}.txt", f"{language}!\n")
    write("ntrex128/newstest2019-ref.zho-TW.txt", "no\n")
    for language in named:
        assert read_examples(MLM, [tmp_path], language, "train") == [
            TextExample("1", f"{language}!")
        ]
    write("flores200/devtest/swh_Latn.devtest", "Habari.\n")
    assert read_examples(MLM, [tmp_path], "sw", "train") == [TextExample("1", "Habari.")]


def test_real_text(real_data: Path) -> None:
    assert len(read_examples(MLM, [real_data], "sw", "dev")) == 997
    assert len(available_languages(MLM, [real_data], "dev")) == 18
    assert len(read_examples(MLM, [real_data], "fi", "train")) == 1997
    for language in ("fa", "ms", "pl", "ro", "tl", "uk"):
        assert len(read_examples(MLM, [real_data], language, "train")) == 1997, language
