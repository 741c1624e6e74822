"""Score a built backbone and write its card: ``python -m tools.mini card FOLDER --data DIR``.

DIR, the folder of downloads, holds ``tatoeba/v1``, ``udpos`` and ``panx``. Writes ``scores.json``
and, from it and ``lineage.json``, ``README.md`` and ``manifest.json`` (the SHA-256 of every other
file).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tools.mini.lineage import file_hashes
from tools.mini.scoring import (
    Encoder,
    bare_mark_share,
    probe,
    read_tagged,
    tatoeba_accuracy,
)

Scores = Mapping[str, Sequence[float]]

PROBE = {"train_limit": 2000, "test_limit": 300, "seed": 1}
"""Sentences and seed of the linear probes."""


def measure(folder: Path, data: Path, languages: Sequence[str]) -> dict[str, Any]:
    """All scores of the card: per cent, per language and layer (0 = the embeddings)."""
    torch.set_num_threads(2)
    encoder = Encoder(folder)
    foreign = [language for language in languages if language != "en"]
    return {
        "tatoeba": tatoeba_accuracy(encoder, data / "tatoeba" / "v1"),
        "udpos": probe(encoder, data / "udpos", ["en", *foreign], "accuracy", **PROBE),
        "panx": probe(encoder, data / "panx", ["en", *foreign], "f1", **PROBE),
        "bare_mark": bare_marks(encoder, data / "udpos", languages),
        "probe": PROBE,
    }


def bare_marks(encoder: Encoder, folder: Path, languages: Sequence[str]) -> dict[str, float]:
    """Share of the words of each UDPOS dev file that begin with the bare word mark."""
    return {
        language: bare_mark_share(encoder, read_tagged(file, PROBE["test_limit"]))
        for language in languages
        if (file := folder / f"dev-{language}.tsv").is_file()
    }


def mean_over_languages(scores: Scores) -> list[float]:
    """Mean of each layer over the languages other than English."""
    rows = [values for language, values in scores.items() if language != "en"]
    return [round(float(value), 1) for value in np.mean(rows, axis=0)]


def score_table(scores: Scores) -> str:
    """Markdown table: languages down, layers across, the best layer of each in bold."""
    layers = len(next(iter(scores.values())))
    lines = [
        "| language | " + " | ".join(f"layer {layer}" for layer in range(layers)) + " |",
        "| --- |" + " ---: |" * layers,
    ]
    rows = [*scores.items(), ("mean without en", mean_over_languages(scores))]
    for language, values in rows:
        best = max(values)
        cells = [f"**{value:.1f}**" if value == best else f"{value:.1f}" for value in values]
        lines.append(f"| {language} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def source_table(sources: Sequence[Mapping[str, Any]]) -> str:
    """Markdown table of the sources, and the files that each is read from."""
    lines = [
        "| source | upstream repository | licence | attribution | used for | texts | files |",
        "| --- | --- | --- | --- | --- | ---: | --- |",
    ]
    for source in sources:
        files = source["files"]
        shown = f"`{files[0]['path']}`" + (f" and {len(files) - 1} more" if files[1:] else "")
        texts = sum(file["texts"] for file in files)
        cells = [source[key] for key in ("title", "upstream", "licence", "attribution", "used_for")]
        lines.append("| " + " | ".join([*cells, str(texts), shown]) + " |")
    return "\n".join(lines)


_CARD = """\
# mini

A small multilingual encoder for trying things out: XLM-R's architecture, {layers} layers,
{hidden} wide, {heads} heads, {vocabulary} ids (SentencePiece unigram), 512 tokens, float16 weights,
{languages_count} languages: {languages}.
It loads with `XLMRobertaForMaskedLM.from_pretrained` and `AutoTokenizer.from_pretrained`.
It is made for quick runs on two CPU cores, not for good results: it has seen a few megabytes of
text, and an English tagger on top of it makes many mistakes.

## Sources

Nothing but these files, all free to use with attribution:

{sources}

Every file with its SHA-256 is in `lineage.json`. The weights are derived from texts under CC BY-SA
licences; name the sources above when you pass them on, under the same conditions.

## Training

1. **Vocabulary.** {pieces} unigram pieces, learnt from at most {characters} characters of each
   language, so that no language takes all of them.
2. **Phrases.** Word alignment of the parallel sentences (IBM model 1 with a diagonal prior, both
   directions) gives short phrase pairs.
3. **Embeddings.** {e_steps} steps of contrastive training of summed subword vectors (InfoNCE both
   ways, temperature {e_temperature}, {e_batch} groups a batch, {e_english:.0%} of the pairs with
   English, {e_phrases:.0%} phrases, token dropout {e_dropout}, Adam {e_lr:g} decaying to 0). Two
   dimensions are then added that let layer normalisation keep the vectors' lengths.
4. **Transformer.** Positions start as sines and cosines, and attention above layer {retrieval} by
   looking for the same pieces. {t_steps} steps of {t_tokens} padded tokens, AdamW {t_lr:g} (up to
   layer {retrieval} {t_llr:g}, word embeddings {t_elr:g}). {t_cloze:.0%} of the steps are cloze
   questions: a stretch of a passage with a few words left out, in any language, and the answer to
   be pointed at in the passage. Of the others, masked language modelling on single sentences, on
   joined translations ({t_tlm:.0%}) and on running text of up to 512 tokens ({t_mlm:.0%}); on
   single sentences also an alignment loss (weight {t_weight:g}, and {t_top:g} at the last layer)
   that ties the mean of layer {retrieval} to the first phase's vector of the translation, against
   {t_negatives} others. Then {t_align} steps on the alignment loss alone, of the layers up to
   {retrieval}; and {t_upper} steps on all tasks, of the layers above alone (AdamW {t_ulr:g}).

Seed {seed}, {threads} torch threads; the same machine and library versions give the same bytes.
Library versions and all parameters are in `lineage.json`.

## Scores

Made with `python -m tools.mini card FOLDER --data DIR` and kept in `scores.json`. One model
(seed {seed}). Layer 0 is the output of the embedding layer.

**Tatoeba** (LASER's v1 files; English queries against the foreign side, mean over the attention
mask, cosine, top-1 per cent; 1,000 pairs a language, sw 390, th 548). Tatoeba was never trained on,
but the training procedure was chosen by these scores, so they are somewhat optimistic.

{tatoeba}

**UDPOS probe** (XTREME's files, word accuracy in per cent; backbone frozen, softmax regression on
the first subword of each word, trained on the first {train} English training sentences, tested on
the first {test} of each dev file, seed {probe_seed}). What a linear layer can read off, not what a
trained adapter reaches.

{udpos}

**PAN-X probe** (same set-up, span F1 in per cent, seqeval).

{panx}

## Limits

- {pieces} pieces for {languages_count} languages cut words small. The first piece of a word is
  often the word mark alone, which tells a tagger that looks at first pieces nothing by itself
  (per cent of the words of the UDPOS dev files: {bare_mark}). Chinese and Japanese suffer most.
- Linear probes read tags better from the upper layers than from the embeddings, but not well
  (PAN-X). The second phase is short: the language model is far from converged.
- Retrieval works best at layer {retrieval}; the layers above it give much of the alignment up.

## Contamination

`texts.u64` holds the 64-bit hashes of all {texts} training texts (see
`adapterxlt.tasks.fingerprint`); evaluation flags what is among them. Expect flags on XQuAD, MLQA
dev, TyDiQA dev, PAWS-X dev, XCOPA, SQuAD 1.1 dev (running text) and on texts of FLORES-200 dev and
NTREX-128; the PUD sentences are also in UD test sets. Not used: Tatoeba, BUCC, XNLI, UDPOS, PAN-X.
A few everyday phrases ("What is this?") are in GATITOS and in Tatoeba alike, and flagged there too.

## Rebuild

    python -m tools.mini build OUT --data DIR

In a checkout; DIR holds the files above under the paths that the table gives (see
`tools/mini/sources.py` for every language). It takes half an hour to an hour on two CPU cores.
"""


def render(lineage: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    """The card, from ``lineage.json`` and ``scores.json``."""
    config = lineage["config"]
    first, second = config["embeddings"], config["transformer"]
    return _CARD.format(
        layers=config["layers"],
        hidden=config["hidden_size"],
        heads=config["heads"],
        vocabulary=f"{config['vocabulary'] + 2:,}",
        pieces=f"{config['vocabulary']:,}",
        characters=f"{config['vocabulary_characters']:,}",
        languages=" ".join(config["languages"]),
        languages_count=len(config["languages"]),
        sources=source_table(lineage["sources"]),
        e_steps=f"{first['steps']:,}",
        e_temperature=first["temperature"],
        e_batch=first["batch"],
        e_english=first["english_share"],
        e_phrases=first["phrase_share"],
        e_dropout=first["token_dropout"],
        e_lr=first["learning_rate"],
        t_steps=f"{second['steps']:,}",
        t_align=f"{second['alignment_steps']:,}",
        t_upper=f"{second['upper_steps']:,}",
        t_ulr=second["upper_learning_rate"],
        t_tokens=f"{second['tokens']:,}",
        t_lr=second["learning_rate"],
        t_llr=second["lower_learning_rate"],
        t_elr=second["embedding_learning_rate"],
        t_tlm=second["translation_share"],
        t_mlm=second["paragraph_share"],
        t_cloze=second["cloze_share"],
        t_weight=second["contrastive_weight"],
        t_top=second["top_weight"],
        t_negatives=f"{second['negatives']:,}",
        retrieval=config["retrieval_layer"],
        seed=config["seed"],
        threads=config["threads"],
        tatoeba=score_table(scores["tatoeba"]),
        udpos=score_table(scores["udpos"]),
        panx=score_table(scores["panx"]),
        train=f"{scores['probe']['train_limit']:,}",
        test=scores["probe"]["test_limit"],
        probe_seed=scores["probe"]["seed"],
        bare_mark=", ".join(f"{code} {share:.0f}" for code, share in scores["bare_mark"].items()),
        texts=f"{lineage['texts']['count']:,}",
    )


def write_card(folder: Path, data: Path) -> dict[str, Any]:
    """Measure, then write scores, card and manifest into the backbone's folder."""
    lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
    scores = measure(folder, data, lineage["config"]["languages"])
    write_files(folder, lineage, scores)
    return scores


def write_files(folder: Path, lineage: Mapping[str, Any], scores: Mapping[str, Any]) -> None:
    """Write scores, card and manifest."""
    (folder / "scores.json").write_text(json.dumps(scores) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render(lineage, scores), encoding="utf-8")
    names = [p.name for p in folder.iterdir() if p.is_file() and p.name != "manifest.json"]
    manifest = {"schema": 1, "kind": "backbone", "sha256": file_hashes(folder, names)}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
