"""The backbone that ships with the project."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, XLMRobertaForMaskedLM, XLMRobertaTokenizer

from tools.mini.config import LANGUAGES
from tools.mini.scoring import Encoder
from tools.mini.sources import SOURCES

FOLDER = Path(__file__).resolve().parents[3] / "artifacts" / "backbones" / "mini"

ORDINARY = {
    "en": "The children are playing in the garden behind the house.",
    "de": "Die Kinder spielen im Garten hinter dem Haus.",
    "es": "Los niños juegan en el jardín detrás de la casa.",
    "fr": "Les enfants jouent dans le jardin derrière la maison.",
    "ru": "Дети играют в саду за домом.",
    "zh": "孩子们在房子后面的花园里玩。",
    "ar": "يلعب الأطفال في الحديقة خلف المنزل.",
    "hi": "बच्चे घर के पीछे बगीचे में खेल रहे हैं।",
    "tr": "Çocuklar evin arkasındaki bahçede oynuyor.",
    "vi": "Bọn trẻ đang chơi trong khu vườn sau nhà.",
    "sw": "Watoto wanacheza kwenye bustani nyuma ya nyumba.",
    "th": "เด็กๆ กำลังเล่นอยู่ในสวนหลังบ้าน",
    "bg": "Децата играят в градината зад къщата.",
    "el": "Τα παιδιά παίζουν στον κήπο πίσω από το σπίτι.",
    "ur": "بچے گھر کے پیچھے باغ میں کھیل رہے ہیں۔",
    "fi": "Lapset leikkivät puutarhassa talon takana.",
    "ja": "子供たちは家の裏の庭で遊んでいます。",
    "ko": "아이들이 집 뒤 정원에서 놀고 있습니다.",
}


def test_loads_whole() -> None:
    model, report = XLMRobertaForMaskedLM.from_pretrained(FOLDER, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers) == (192, 4)
    assert config.max_position_embeddings == 514
    encoder, decoder = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert encoder.data_ptr() == decoder.data_ptr()
    with torch.no_grad():
        logits = model(torch.full((1, 512), 100)).logits
    assert torch.isfinite(logits).all()


def test_small_enough_and_half_precision() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 16_000_000
    with safe_open(FOLDER / "model.safetensors", "pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} == {"F16"}  # noqa: SIM118


@pytest.mark.parametrize("language", LANGUAGES)
def test_ordinary_sentences_have_no_unknown_piece(language: str) -> None:
    fast = AutoTokenizer.from_pretrained(FOLDER)
    slow = XLMRobertaTokenizer.from_pretrained(FOLDER)
    ids = fast(ORDINARY[language])["input_ids"]
    assert fast.unk_token_id not in ids
    assert slow(ORDINARY[language])["input_ids"] == ids
    # The vocabulary's normalisation is NFKC, which takes the Thai sign "am" apart.
    decoded = fast.decode(ids, skip_special_tokens=True)
    assert decoded == unicodedata.normalize("NFKC", ORDINARY[language])


def test_translations_are_close() -> None:
    encoder = Encoder(FOLDER)
    layer = json.loads((FOLDER / "lineage.json").read_text())["config"]["retrieval_layer"]
    vectors = encoder.sentences([*ORDINARY.values(), "The price of oil fell again yesterday."])
    english, others, unrelated = vectors[layer][0], vectors[layer][1:-1], vectors[layer][-1]
    closer = (others @ english) > (others @ unrelated)
    assert closer.float().mean() >= 0.9


def test_lineage_and_hashes() -> None:
    lineage = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
    assert tuple(lineage["config"]["languages"]) == LANGUAGES
    assert {source["name"] for source in lineage["sources"]} == {s.name for s in SOURCES}
    assert {source["licence_class"] for source in lineage["sources"]} == {"A"}
    hashes = np.fromfile(FOLDER / "texts.u64", dtype="<u8")
    assert len(hashes) == lineage["texts"]["count"] > 100_000
    assert (hashes[1:] > hashes[:-1]).all()
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    files = {path.name for path in FOLDER.iterdir()} - {"manifest.json"}
    assert set(manifest["sha256"]) == files
    for name, expected in manifest["sha256"].items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected, name


def test_card_is_made_from_lineage_and_scores() -> None:
    from tools.mini.card import mean_over_languages, render

    lineage = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
    scores = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == render(lineage, scores)
    assert len(scores["tatoeba"]) == 17
    assert max(mean_over_languages(scores["tatoeba"])) >= 35
