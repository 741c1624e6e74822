from __future__ import annotations

import pytest

from adapterxlt.results.protocols import protocol_in

GOLD = "mini > xnli + xnli(de) (seq_bn)"
TRANSLATED = "mini > xnli + xnli[translated, 10 shots](de, fr) (lora[r=8], after)"
BOTH = f"fuse({GOLD} + {TRANSLATED})"


@pytest.mark.parametrize(
    ("language", "lineage", "protocol"),
    [
        ("de", GOLD, "in-language"),
        ("de", TRANSLATED, "translate-train"),
        ("deu_Latn", TRANSLATED, "translate-train"),
        ("de", BOTH, "in-language"),
        ("fr", BOTH, "translate-train"),
        ("en", BOTH, "zero-shot"),
        ("sw", BOTH, "zero-shot"),
    ],
)
def test_a_language_of_training_is_not_zero_shot(
    language: str, lineage: str, protocol: str
) -> None:
    trained_in = ("en", "de", "fr")
    assert protocol_in(language, "zero-shot", trained_in, lineage) == protocol
    with_more = protocol_in(language, "zero-shot, precision bf16", trained_in, lineage)
    assert with_more == f"{protocol}, precision bf16"
    for other in ("translate-test", "xtreme-2020"):  # they say nothing about training
        assert protocol_in(language, other, trained_in, lineage) == other
