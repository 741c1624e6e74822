from __future__ import annotations

from dataclasses import replace

import pytest

from adapterxlt.report.origins import Origin, origin_of
from tests.report.rows import row


@pytest.mark.parametrize(
    ("lineage", "layer", "wanted"),
    [
        ("mini", None, ((), "", "")),
        ("mini > pawsx (seq_bn)", None, ((), "", "seq_bn")),
        ("mini > mnli (seq_bn) > udpos (lora[r=8, alpha=16], 200 examples, after)", None,
         (("mnli",), "after", "lora[r=8, alpha=16]")),
        ("mini > mnli + squad[200] (full, equal) > udpos (full, after)", None,
         (("mnli + squad[200]",), "after", "full")),
        ("mini > fuse(mnli (seq_bn) + squad (seq_bn)) > pawsx (fusion)", None,
         (("mnli", "squad"), "fuse", "")),
        ("mini > merge(mnli (lora) > pawsx (lora, after) + pawsx (lora))", None,
         (("mnli",), "merge", "")),
        ("mini > merge(mnli (lora) + squad (lora))", 3, (("mnli", "squad"), "merge", "")),
        ("mini > mnli (lora)", 3, (("mnli",), "", "lora")),
        ("mini > sib200(eng_Latn) (lora) > sib200(deu_Latn) (lora, after)", None,
         ((), "after", "lora")),
        ("mini > fuse(mnli (seq_bn) + pawsx (seq_bn)) > pawsx (fusion)", None,
         (("mnli",), "fuse", "")),
    ],
)  # fmt: skip
def test_origins(lineage: str, layer: int | None, wanted: tuple[tuple[str, ...], str, str]) -> None:
    found = origin_of(replace(row("named otherwise", "de", 1.0, layer=layer), lineage=lineage))
    assert replace(found, again=False) == Origin("mini", *wanted, ())
    assert found.again == ("sib200" in lineage)


def test_a_task_with_the_data_of_the_target_is_not_intermediate() -> None:
    """XGLUE's XNLI trains on MNLI."""
    twice = replace(row("m", "de", 1.0), lineage="mini > mnli (full) > xglue_xnli (full, after)")
    assert origin_of(twice).intermediate == ("mnli",)
    found = origin_of(replace(twice, same_data=("mnli",)))
    assert (found.intermediate, found.how, found.tasks) == ((), "after", "the same task")
    both = "mini > squad (full) > mnli (full, after) > xglue_xnli (full, after)"
    found = origin_of(replace(twice, lineage=both, same_data=("mnli",)))
    assert (found.intermediate, found.tasks) == (("squad",), "squad + the same task")


def test_a_hostile_lineage_is_but_text() -> None:
    for lineage in ("", " > ", "(((", ")))", "fuse(", "a > fuse(b + c) > ", "x" * 3000):
        origin_of(replace(row("m", "de", 1.0), lineage=lineage))


@pytest.mark.parametrize(
    ("trained_in", "languages"),
    [
        (("en",), ()),
        (("en", "eng_Latn"), ()),
        (("en", "deu_Latn", "eng_Latn", "de"), ("en", "deu_Latn")),
        (("deu_Latn", "eng_Latn"), ("eng_Latn", "deu_Latn")),
        (("de",), ("de",)),
        ((), ()),
    ],
)
def test_english_is_english_by_any_code(
    trained_in: tuple[str, ...], languages: tuple[str, ...]
) -> None:
    assert origin_of(row("m", "de", 1.0, trained_in=trained_in)).languages == languages
