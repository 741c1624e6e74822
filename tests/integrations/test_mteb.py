"""The real mteb package runs our encoder on local data, and gives what we compute ourselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from datasets import Dataset

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.integrations.mteb import MtebEncoder
from adapterxlt.models.build import build_train, load
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.vectors.encode import encode_sentences
from adapterxlt.vectors.identity import encoder_revision
from adapterxlt.vectors.transforms import ready
from tests import tiny

mteb = pytest.importorskip("mteb")


def local_task(split, main_score):
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

    class LocalBitext(AbsTaskBitextMining):
        metadata = TaskMetadata(
            name="LocalBitext",
            dataset={"path": "local/bitext", "revision": "1"},
            description="Sentences kept beside the test.",
            type="BitextMining",
            modalities=["text"],
            category="t2t",
            eval_splits=["test"],
            eval_langs={"deu-eng": ["deu-Latn", "eng-Latn"]},
            main_score=main_score,
        )

        def load_data(self, **_):
            self.dataset = {"deu-eng": {"test": split}}
            self.data_loaded = True

    return LocalBitext()


def scores(model, split, main_score):
    result = mteb.evaluate(model, local_task(split, main_score), cache=None)
    return result.task_results[0].scores["test"][0]


def unit_vectors(encoder, texts):
    vectors = encode_sentences(
        encoder,
        texts,
        layers=[1],
        pooling="mean",
        max_length=512,
        token_budget=500,
        progress=Silent(),
    )
    return ready(vectors[1], "none", True)


TEXTS = list(dict.fromkeys(tiny.SENTENCES))


def test_mteb_scores_are_ours(encoder):
    left, right = TEXTS[:12], [*TEXTS[:6], *TEXTS[11:5:-1]]
    model = MtebEncoder(encoder, layer=1, pooling="mean", token_budget=500)
    assert isinstance(model, mteb.models.EncoderProtocol)
    pairs = Dataset.from_dict({"sentence1": left, "sentence2": right})
    found = scores(model, pairs, "accuracy")
    vectors = [unit_vectors(encoder, side) for side in (left, right)]
    expected = tatoeba_scores(vectors[1], vectors[0])["accuracy"] / 100
    assert 0.4 < expected < 1
    assert found["accuracy"] == pytest.approx(expected)


def test_mteb_mines_a_set_like_bucc(encoder):
    # As mteb hands BUCC over: sources of gold only, all targets, gold by row.
    right = TEXTS[::-1]
    places = [right.index(text) for text in TEXTS[:10]]
    places[3] = 0  # gold that no encoder can find
    split = {"sentence1": TEXTS[:10], "sentence2": right, "gold": list(enumerate(places))}
    found = scores(MtebEncoder(encoder, layer=1, pooling="mean", token_budget=500), split, "f1")
    left, targets = (unit_vectors(encoder, side) for side in (TEXTS[:10], right))
    nearest = (left @ targets.T).argmax(axis=1)
    assert nearest.tolist() == [right.index(text) for text in TEXTS[:10]]
    assert found["f1"] == pytest.approx(0.9)
    assert found["accuracy"] == pytest.approx(0.9)


def test_similarities_are_cosines(encoder):
    model = MtebEncoder(encoder, layer=1, pooling="cls", name="me/mine")
    left, right = np.array([[3.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 5.0]])
    half = 0.5**0.5
    np.testing.assert_allclose(model.similarity(left, right), [[half, 0], [half, 1]], atol=1e-6)
    np.testing.assert_allclose(model.similarity_pairwise(left, right), [half, 1], atol=1e-6)
    assert model.mteb_model_meta.name == "me/mine"


def test_weights_are_read_again_only_when_they_have_changed(tiny_backbone, monkeypatch):
    built, read = load(inspect_backbone("tiny", tiny_backbone), None), []

    def counted(*arguments):
        read.append(arguments)
        return encoder_revision(*arguments)

    monkeypatch.setattr("adapterxlt.integrations.mteb.encoder_revision", counted)
    model = MtebEncoder(built, layer=1, pooling="mean")
    first = model.mteb_model_meta.revision
    model.encode([{"text": TEXTS[:3]}], task_metadata=None, hf_split="test", hf_subset="de")
    assert model.mteb_model_meta.revision == first
    assert len(read) == 1
    weight = built.model.base_model.encoder.layer[0].output.dense.weight
    with torch.no_grad():
        weight += 1
    second = model.mteb_model_meta.revision
    built.model.base_model.encoder.layer[0].output.dense.weight = torch.nn.Parameter(weight * 2)
    third = model.mteb_model_meta.revision
    assert len({first, second, third}) == len(read) == 3
    assert third == MtebEncoder(built, layer=1, pooling="mean").mteb_model_meta.revision


def test_each_encoder_has_scores_of_its_own_in_mteb_s_cache(encoder, tiny_backbone, tmp_path):
    backbone = inspect_backbone("tiny", tiny_backbone)
    head = HeadSpec(kind="tagging", labels=("A", "B"), task="test")
    trained = build_train(backbone, method="prefix_tuning", name="new", head=head, seed=5)
    with torch.no_grad():
        for parameter in trained.model.parameters():
            if parameter.requires_grad:
                parameter += 0.5 * torch.randn_like(parameter)
    trained.model.eval()
    pairs = Dataset.from_dict({"sentence1": TEXTS[:12], "sentence2": TEXTS[12:24]})
    cache = mteb.ResultCache(tmp_path)

    def score(model):
        result = mteb.evaluate(model, local_task(pairs, "accuracy"), cache=cache)
        return result.task_results[0].scores["test"][0]

    def make(built, layer=1, pooling="mean", max_length=512):
        return MtebEncoder(built, layer=layer, pooling=pooling, max_length=max_length)

    models = [
        make(load(backbone, None)),
        make(trained),
        make(trained, layer=2),
        make(trained, pooling="cls"),
        make(trained, max_length=4),
    ]
    identities = {(m.mteb_model_meta.name, m.mteb_model_meta.revision) for m in models}
    assert len(identities) == len(models)
    found = [score(model) for model in models]
    files = list(tmp_path.rglob("LocalBitext.json"))
    assert len(files) == len(models)
    for model, scores_ in zip(models, found, strict=True):
        fresh = mteb.evaluate(model, local_task(pairs, "accuracy"), cache=None)
        assert fresh.task_results[0].scores["test"][0]["accuracy"] == scores_["accuracy"]
    # Used or not, loaded again or not: the same encoder finds its own.
    assert score(make(load(backbone, None))) == found[0]
    assert score(models[1]) == found[1]
    assert len(list(tmp_path.rglob("LocalBitext.json"))) == len(models)
