"""The real mteb package runs our encoder on local data, and gives what we compute ourselves."""

from __future__ import annotations

import numpy as np
import pytest

from adapterxlt.progress import Silent
from adapterxlt.retrieval.encode import encode_sentences
from adapterxlt.retrieval.mteb import MtebEncoder
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.retrieval.transforms import ready
from tests import tiny

mteb = pytest.importorskip("mteb")


def local_task(left, right):
    from datasets import Dataset
    from mteb.abstasks.task_metadata import TaskMetadata
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

    class LocalTatoeba(AbsTaskBitextMining):
        metadata = TaskMetadata(
            name="LocalTatoeba",
            dataset={"path": "local/tatoeba", "revision": "1"},
            description="Sentences kept beside the test.",
            type="BitextMining",
            modalities=["text"],
            category="t2t",
            eval_splits=["test"],
            eval_langs={"deu-eng": ["deu-Latn", "eng-Latn"]},
            main_score="accuracy",
        )

        def load_data(self, **_):
            pairs = Dataset.from_dict({"sentence1": left, "sentence2": right})
            self.dataset = {"deu-eng": {"test": pairs}}
            self.data_loaded = True

    return LocalTatoeba()


def test_mteb_scores_are_ours(encoder):
    texts = list(dict.fromkeys(tiny.SENTENCES))[:12]
    left, right = texts, [*texts[:6], *texts[:5:-1]]
    model = MtebEncoder(encoder, layer=1, pooling="mean", token_budget=500)
    assert isinstance(model, mteb.models.EncoderProtocol)
    result = mteb.evaluate(model, local_task(left, right), cache=None)
    found = result.task_results[0].scores["test"][0]
    vectors = [
        ready(
            encode_sentences(
                encoder,
                side,
                layers=[1],
                pooling="mean",
                max_length=512,
                token_budget=500,
                progress=Silent(),
            )[1],
            "none",
            True,
        )
        for side in (left, right)
    ]
    expected = tatoeba_scores(vectors[1], vectors[0])["accuracy"] / 100
    assert 0.4 < expected < 1
    assert found["accuracy"] == pytest.approx(expected)


def test_similarities_are_cosines(encoder):
    model = MtebEncoder(encoder, layer=1, pooling="cls", name="me/mine")
    left, right = np.array([[3.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 5.0]])
    half = 0.5**0.5
    np.testing.assert_allclose(model.similarity(left, right), [[half, 0], [half, 1]], atol=1e-6)
    np.testing.assert_allclose(model.similarity_pairwise(left, right), [half, 1], atol=1e-6)
    assert model.mteb_model_meta.name == "me/mine"
