"""Small builds from synthetic parallel lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, XLMRobertaForMaskedLM, XLMRobertaTokenizer

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.fingerprint import text_hash
from tests.tools.mini import tiny_sources
from tests.tools.mini.tiny_sources import CONFIG, SOURCE
from tools.mini.build import build_backbone


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sources.write(tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def built(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Any]:
    """One build: its folder, its lineage, and the progress it reported."""
    folder = tmp_path_factory.mktemp("build") / "tiny"
    seen: list[tuple[str, int, int]] = []
    lineage = build_backbone(
        CONFIG, data, folder, lambda *event: seen.append(event), sources=[SOURCE]
    )
    return folder, lineage, seen


def test_loads_with_the_usual_classes(built: tuple[Path, dict[str, Any], Any]) -> None:
    folder, _, _ = built
    model, report = XLMRobertaForMaskedLM.from_pretrained(folder, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert report["missing_keys"] in ([], set())
    assert report["unexpected_keys"] in ([], set())
    assert type(tokenizer).__name__ == "XLMRobertaTokenizerFast"
    assert tokenizer.model_max_length == 512
    assert model.config.max_position_embeddings == 514
    assert len(tokenizer) == model.config.vocab_size
    ids = tokenizer("The dog sleeps.", padding="max_length", return_tensors="pt")
    assert ids["input_ids"].shape == (1, 512)
    assert torch.isfinite(model(**ids).logits).all()


def test_ids_are_those_of_xlm_r_slow_and_fast(built: tuple[Path, dict[str, Any], Any]) -> None:
    folder, _, _ = built
    fast = AutoTokenizer.from_pretrained(folder)
    slow = XLMRobertaTokenizer.from_pretrained(folder)
    specials = [fast.convert_tokens_to_ids(t) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    assert specials == [0, 1, 2, 3, len(fast) - 1]
    texts = ["The cat  eats.", "Der Hund schläft", "狗在家里睡觉。", "ﬁsh\tÆ", "☃ <mask> dog", ""]
    for text in [*texts, *tiny_sources.sentences("zh")]:
        assert fast(text)["input_ids"] == slow(text)["input_ids"]
        assert fast(text)["input_ids"][0] == 0
        assert fast(text)["input_ids"][-1] == 2


def test_weights_are_float16_and_the_decoder_is_stored_once(
    built: tuple[Path, dict[str, Any], Any],
) -> None:
    folder, _, _ = built
    with safe_open(folder / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
        assert {weights.get_tensor(name).dtype for name in names} == {torch.float16}
    assert "lm_head.decoder.weight" not in names
    assert "roberta.embeddings.word_embeddings.weight" in names


def test_translations_are_nearest_at_the_retrieval_layer(
    built: tuple[Path, dict[str, Any], Any],
) -> None:
    from tools.mini.scoring import Encoder

    encoder = Encoder(built[0])
    english = encoder.sentences(tiny_sources.sentences("en"))[CONFIG.retrieval_layer]
    german = encoder.sentences(tiny_sources.sentences("de"))[CONFIG.retrieval_layer]
    right = (english @ german.T).argmax(dim=1) == torch.arange(len(english))
    assert right.float().mean() > 0.5  # chance: 1 in 96


def test_same_configuration_gives_the_same_bytes(
    built: tuple[Path, dict[str, Any], Any], data: Path, tmp_path: Path
) -> None:
    folder, _, _ = built
    build_backbone(CONFIG, data, tmp_path / "elsewhere" / "again", sources=[SOURCE])
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(p.name for p in (tmp_path / "elsewhere" / "again").iterdir())
    for name in names:
        again = (tmp_path / "elsewhere" / "again" / name).read_bytes()
        assert (folder / name).read_bytes() == again, name


def test_lineage_names_sources_and_hashes_every_text(
    built: tuple[Path, dict[str, Any], Any],
) -> None:
    folder, lineage, _ = built
    assert json.loads((folder / "lineage.json").read_text(encoding="utf-8")) == lineage
    (source,) = lineage["sources"]
    assert source["upstream"] == "nobody/animals"
    assert [file["texts"] for file in source["files"]] == [96, 96, 96]
    hashes = np.frombuffer((folder / "texts.u64").read_bytes(), dtype="<u8")
    assert len(hashes) == lineage["texts"]["count"] == 3 * 96
    assert (np.diff(hashes.astype(object)) > 0).all()
    assert text_hash("the DOG sleeps in the house") in set(hashes.tolist())
    assert text_hash("The dog flies.") not in set(hashes.tolist())


def test_progress_ends_every_phase(built: tuple[Path, dict[str, Any], Any]) -> None:
    seen = built[2]
    ends = {phase for phase, done, total in seen if done == total}
    assert ends == {"vocabulary", "phrases", "embeddings", "transformer"}


def test_missing_sources_are_named_before_any_work(data: Path, tmp_path: Path) -> None:
    (tmp_path / "animals").mkdir()
    (tmp_path / "animals" / "eng.txt").write_text("A dog.\n", encoding="utf-8")
    with pytest.raises(MissingDataError) as error:
        build_backbone(CONFIG, tmp_path, tmp_path / "out", sources=[SOURCE])
    message = str(error.value)
    assert "animals/deu.txt" in message
    assert "animals/cmn.txt" in message
    assert "animals/eng.txt" not in message
    assert str(tmp_path) in message
    assert not (tmp_path / "out").exists()
