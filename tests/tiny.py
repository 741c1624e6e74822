"""A random XLM-R of two layers with a real tokenizer: what model tests run on."""

from __future__ import annotations

import io
from pathlib import Path

import sentencepiece
import torch
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM, XLMRobertaTokenizerFast

SENTENCES = """\
The old woman walked slowly to the market and bought some bread.
A man in a red shirt is playing the guitar on the street.
Two children are running through the park with a small dog.
Nobody in the village knew where the river began.
She opened the window because the room was warm.
The train to Berlin leaves at half past seven in the morning.
My brother works in a hospital near the harbour.
They painted the house white before the winter came.
Where did you put the keys of the car?
The teacher asked the students to read the first page.
It rained all day, so we stayed at home and cooked soup.
The museum was built in 1892 by a rich merchant.
Der alte Mann ging langsam zum Markt und kaufte Brot.
Zwei Kinder laufen mit einem kleinen Hund durch den Park.
Meine Schwester arbeitet in einem Krankenhaus am Hafen.
Der Zug nach Hamburg fährt um halb acht.
Wir blieben zu Hause, weil es den ganzen Tag regnete.
La vieja casa está cerca del río y del mercado.
Dos niños corren por el parque con un perro pequeño.
Mi hermano trabaja en un hospital cerca del puerto.
El tren para Madrid sale a las siete y media.
La vieille femme marche lentement vers le marché.
Deux enfants courent dans le parc avec un petit chien.
Mon frère travaille dans un hôpital près du port.
Старая женщина медленно идёт на рынок.
Двое детей бегут по парку с маленькой собакой.
Мой брат работает в больнице у порта.
一个老人慢慢地走到市场去买面包。
两个孩子带着一只小狗在公园里跑。
Yaşlı kadın yavaşça pazara yürüdü ve ekmek aldı.
İki çocuk küçük bir köpekle parkta koşuyor.
Mwanamke mzee alitembea polepole kwenda sokoni.
Watoto wawili wanakimbia na mbwa mdogo bustanini.
""".splitlines()

VOCABULARY = 300
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 130,
}


def train_tokenizer(folder: Path, vocabulary: int = VOCABULARY) -> XLMRobertaTokenizerFast:
    """Train a SentencePiece unigram model on `SENTENCES` and store it in XLM-R's layout."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=model,
        vocab_size=vocabulary,
        model_type="unigram",
        num_threads=1,
        minloglevel=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sentencepiece.bpe.model").write_bytes(model.getvalue())
    tokenizer = XLMRobertaTokenizerFast(
        vocab_file=str(folder / "sentencepiece.bpe.model"),
        model_max_length=SIZES["max_position_embeddings"] - 2,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def build(folder: Path, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
    """Write a random backbone (config.json, model.safetensors, tokenizer) into `folder`."""
    tokenizer = train_tokenizer(folder)
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        # Wide enough that random layers change their input, unlike the usual 0.02.
        initializer_range=0.15,
        **SIZES,
    )
    model = XLMRobertaForMaskedLM(config).to(dtype)
    model.save_pretrained(folder, safe_serialization=True)
    return folder
