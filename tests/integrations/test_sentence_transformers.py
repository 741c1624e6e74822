from __future__ import annotations

import numpy as np
import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.integrations.sentence_transformers import export_sentence_transformers
from adapterxlt.models.build import build_train, load, save
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_sentences
from tests import tiny

st = pytest.importorskip("sentence_transformers")
TEXTS = [*tiny.SENTENCES[:10], "", "a"]


def ours(built, layer, pooling):
    return encode_sentences(
        built,
        TEXTS,
        layers=[layer],
        pooling=pooling,
        max_length=64,
        token_budget=500,
        progress=Silent(),
    )[layer]


@pytest.fixture(scope="module")
def trained(tiny_backbone, tmp_path_factory):
    """Folders of a trained adapter and a full fine-tune, as good as trained: shaken weights."""
    backbone = inspect_backbone("tiny", tiny_backbone)
    folders = {}
    for method in ("seq_bn", "full"):
        head = HeadSpec(kind="tagging", labels=("A", "B"), task="test")
        built = build_train(backbone, method=method, name="new", head=head, seed=5)
        torch.manual_seed(0)
        with torch.no_grad():
            for parameter in built.model.parameters():
                if parameter.requires_grad:
                    parameter += 0.1 * torch.randn_like(parameter)
        folders[method] = tmp_path_factory.mktemp(method)
        save(built, folders[method])
    return backbone, folders


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize(
    ("method", "layer", "pooling", "plain"),
    [
        (None, 1, "mean", True),
        (None, 2, "cls", True),
        (None, 1, "mean-no-special", False),
        ("full", 1, "max", True),
        ("seq_bn", 1, "mean", False),
        ("seq_bn", 0, "max", False),
    ],
)
def test_the_real_library_gives_the_same_vectors(
    trained, tmp_path, method, layer, pooling, plain, normalise
):
    backbone, folders = trained
    artifact = folders[method] if method else None
    built = load(backbone, artifact)
    out = tmp_path / "model"
    settings = {"layer": layer, "pooling": pooling, "artifact": artifact, "max_length": 64}
    assert export_sentence_transformers(built, out, normalise=normalise, **settings) is plain
    expected = ours(load(backbone, artifact), layer, pooling)
    if normalise:
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    model = st.SentenceTransformer(str(out), device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS, batch_size=4), expected, atol=1e-5)
    assert list(built.model.base_model.encoder.layer)  # the model is whole again


def test_a_folder_in_use_and_a_layer_that_is_not_there(trained, tmp_path):
    built = load(trained[0], None)
    with pytest.raises(AdapterXLTError, match="no layer 3"):
        export_sentence_transformers(built, tmp_path / "x", layer=3, pooling="mean")
    (tmp_path / "file").write_text("")
    with pytest.raises(AdapterXLTError, match="not empty"):
        export_sentence_transformers(built, tmp_path, layer=1, pooling="mean")


KINDS = {
    "pair_classification": ("yes", "no"),
    "tagging": ("A", "B"),
    "span_qa": (),
    "multiple_choice": (),
    "mlm": (),
}


@pytest.mark.parametrize("method", ["seq_bn", "lora", "prefix_tuning", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_stages_of_every_kind_of_task(tiny_backbone, tmp_path, kind, method):
    backbone = inspect_backbone("tiny", tiny_backbone)
    head = HeadSpec(kind=kind, labels=KINDS[kind], task="my-task")
    built = build_train(backbone, method=method, name="new", head=head, seed=5)
    with torch.no_grad():
        for parameter in built.model.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn_like(parameter)
    save(built, tmp_path / "artifact")
    loaded = load(backbone, tmp_path / "artifact")
    settings = {"layer": 1, "pooling": "mean", "max_length": 64}
    plain = export_sentence_transformers(
        loaded, tmp_path / "out", artifact=tmp_path / "artifact", **settings
    )
    assert plain is (method == "full")
    model = st.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), ours(loaded, 1, "mean"), atol=1e-5)
    readme = (tmp_path / "out" / "README.md").read_text()
    assert f"| left behind | the {kind.replace('_', ' ')} head for my-task |" in readme
    assert ("`adapterxlt artifact import` reads it" in readme) is not plain
    assert loaded.tokenizer.model_max_length == 128  # as it was


def test_the_readme_says_what_the_vectors_are(trained, tmp_path):
    export_sentence_transformers(
        load(trained[0], None), tmp_path / "out", layer=1, pooling="cls", normalise=True
    )
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "| layer | 1 of 2 (0 is the embeddings) |" in readme
    assert "| pooling | `cls`, scaled to length 1 |" in readme
    assert "| longest text | 128 tokens; longer texts are cut |" in readme
    assert "| trained | nothing; this is the bare backbone |" in readme
    assert "| needs | sentence-transformers |" in readme
