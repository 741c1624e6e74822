"""A composition in sentence-transformers does what a plain model there does."""

from __future__ import annotations

import copy
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.integrations.sentence_transformers import export_sentence_transformers
from adapterxlt.models.build import build_fusion, build_train, load, save
from adapterxlt.models.merge import merge
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_sentences
from tests import tiny

st = pytest.importorskip("sentence_transformers")
TEXTS = [*tiny.SENTENCES[:6], "", "a", " ".join(tiny.SENTENCES[:8])]
HEAD = HeadSpec(kind="tagging", labels=("A", "B"), task="test")
LIMIT = 64


def shaken(built):
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in built.model.named_parameters():
            if parameter.requires_grad and "parametrizations" not in name:
                parameter += 0.1 * torch.randn_like(parameter)
    built.model.eval()
    return built


@pytest.fixture(scope="module")
def folders(tiny_backbone, tmp_path_factory):
    """Exported encoders by name, layer 1 and mean; `plain` is the bare backbone's own."""
    root = tmp_path_factory.mktemp("encoders")
    backbone = inspect_backbone("tiny", tiny_backbone)

    def train(name, method, **base):
        save(
            shaken(build_train(backbone, method=method, name=name, head=HEAD, seed=1, **base)),
            root / name,
        )

    train("low", "seq_bn")
    train("other", "seq_bn")
    train("stack", "lora", stack_on=root / "low")
    train("prompt", "prompt_tuning")
    train("unipelt", "unipelt")
    members = [root / "low", root / "other"]
    fusion = build_fusion(
        backbone, members=members, fusion="dynamic", name="fusion", head=HEAD, seed=1
    )
    save(shaken(fusion), root / "fusion")
    for name in ("stack", "fusion", "prompt", "unipelt", "plain"):
        artifact = root / name if name != "plain" else None
        export_sentence_transformers(
            load(backbone, artifact),
            root / f"{name}-st",
            layer=1,
            pooling="mean",
            artifact=artifact,
            max_length=LIMIT,
        )
    return backbone, root


def opened(folders, name):
    return st.SentenceTransformer(str(folders[1] / f"{name}-st"), device="cpu")


def ours(folders, name, max_length=LIMIT, texts=TEXTS):
    artifact = folders[1] / name if name != "plain" else None
    settings = {"max_length": max_length, "token_budget": 500, "progress": Silent()}
    built = load(folders[0], artifact)
    return encode_sentences(built, texts, layers=[1], pooling="mean", **settings)[1]


NAMES = ["stack", "fusion", "prompt", "unipelt", "plain"]


@pytest.mark.parametrize("name", NAMES)
def test_lengths_can_be_read_set_and_are_obeyed(folders, name):
    model = opened(folders, name)
    assert model.max_seq_length == model.tokenizer.model_max_length == LIMIT
    np.testing.assert_allclose(model.encode(TEXTS), ours(folders, name), atol=1e-5)
    model.max_seq_length = 8
    assert model.max_seq_length == model.get_max_seq_length() == 8
    short = model.encode(TEXTS)
    np.testing.assert_allclose(short, ours(folders, name, 8), atol=1e-5)
    assert np.abs(short[-1] - ours(folders, name)[-1]).max() > 1e-2
    assert max(map(len, model.encode(TEXTS, output_value="token_embeddings"))) == 8


def test_no_length_is_above_what_the_model_takes(folders):
    model = opened(folders, "stack")
    model.max_seq_length = 10_000
    assert model.max_seq_length == 128
    long = [" ".join(tiny.SENTENCES)]
    model.max_seq_length = None
    np.testing.assert_allclose(
        model.encode(long), ours(folders, "stack", model.max_seq_length, long), atol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_token_embeddings_are_the_layer_s_states(folders, name):
    model = opened(folders, name)
    tokens = model.encode(TEXTS, output_value="token_embeddings")
    assert [len(rows) for rows in tokens] == [
        len(ids) for ids in model.tokenizer(TEXTS, truncation=True, max_length=LIMIT)["input_ids"]
    ]
    means = torch.stack([rows.mean(dim=0) for rows in tokens]).numpy()
    np.testing.assert_allclose(means, ours(folders, name), atol=1e-5)
    single = model.encode(TEXTS[0], output_value="token_embeddings")
    torch.testing.assert_close(single, tokens[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["stack", "prompt"])
def test_all_outputs_at_once(folders, name):
    found = opened(folders, name).encode(TEXTS, output_value=None)
    vectors = np.stack([item["sentence_embedding"].numpy() for item in found])
    np.testing.assert_allclose(vectors, ours(folders, name), atol=1e-5)
    plain = opened(folders, "plain").encode(TEXTS[:2], output_value=None)[0]
    assert set(found[0]) == set(plain) - {"modality"}


@pytest.mark.parametrize("name", NAMES)
def test_options_of_encode(folders, name):
    model, expected = opened(folders, name), ours(folders, name)
    units = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    found = model.encode(TEXTS, normalize_embeddings=True, batch_size=2)
    np.testing.assert_allclose(found, units, atol=1e-5)
    tensor = model.encode(TEXTS, convert_to_tensor=True)
    np.testing.assert_allclose(tensor.numpy(), expected, atol=1e-5)
    prompted = model.encode(TEXTS, prompt="Der ")
    np.testing.assert_allclose(
        prompted, ours(folders, name, texts=[f"Der {text}" for text in TEXTS]), atol=1e-5
    )
    cut = model.encode(TEXTS, truncate_dim=5)
    np.testing.assert_allclose(cut, expected[:, :5], atol=1e-5)
    shorter = model.encode(TEXTS, processing_kwargs={"text": {"max_length": 8}})
    np.testing.assert_allclose(shorter, ours(folders, name, 8), atol=1e-5)
    cosines = model.similarity(tensor, tensor).numpy()
    np.testing.assert_allclose(cosines, units @ units.T, atol=1e-5)
    assert model.get_embedding_dimension() == 32


@pytest.mark.parametrize("name", ["stack", "plain"])
def test_saved_again_it_is_the_same(folders, name, tmp_path):
    model = opened(folders, name)
    model.max_seq_length = 10
    model.save_pretrained(str(tmp_path / "again"))
    again = st.SentenceTransformer(str(tmp_path / "again"), device="cpu")
    assert again.max_seq_length == 10
    np.testing.assert_allclose(again.encode(TEXTS), ours(folders, name, 10), atol=1e-5)
    readme = (tmp_path / "again" / "README.md").read_text()
    assert "| layer | 1 of 2" in readme


def test_saved_where_it_was_loaded_from(folders, tmp_path):
    place = str(shutil.copytree(folders[1] / "stack-st", tmp_path / "model"))
    model = st.SentenceTransformer(place, device="cpu")
    model.max_seq_length = 10
    model.save_pretrained(place)
    again = st.SentenceTransformer(place, device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS), ours(folders, "stack", 10), atol=1e-5)


def strengthen(module):
    """Change a weight of the lowest layer in place, as training does."""
    with torch.no_grad():
        next(
            parameter
            for name, parameter in module.base_model.named_parameters()
            if "layer.0" in name and parameter.ndim == 2
        ).mul_(1.1)


@pytest.mark.parametrize("name", ["stack", "fusion", "prompt", "unipelt"])
def test_weights_that_were_trained_are_not_saved_as_the_old_ones(folders, name, tmp_path):
    model = opened(folders, name)
    before = model.encode(TEXTS)
    strengthen(model[0].model)
    changed = model.encode(TEXTS)
    assert np.abs(changed - before).max() > 1e-4
    with pytest.raises(AdapterXLTError, match=r"tensors differ, such as .*layer\.0") as caught:
        model.save_pretrained(str(tmp_path / "new"))
    assert not [path for path in tmp_path.rglob("*") if path.name == "model.safetensors"]
    # What the hint says.
    assert "safetensors.torch.save_model(model, FILE)" in str(caught.value.hint)
    save_model(model, tmp_path / "weights.safetensors")
    other = opened(folders, name)
    other.encode(TEXTS)
    load_model(other, tmp_path / "weights.safetensors")
    np.testing.assert_allclose(other.encode(TEXTS), changed, atol=1e-6)
    with pytest.raises(AdapterXLTError, match="tensors differ"):
        copy.deepcopy(other).save_pretrained(str(tmp_path / "new"))


def test_nor_are_those_of_a_bare_backbone(folders, tmp_path):
    built = load(folders[0], None)
    settings = {"layer": 1, "pooling": "mean-no-special", "max_length": LIMIT}
    export_sentence_transformers(built, tmp_path / "out", **settings)
    model = st.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    strengthen(model[0].model)
    with pytest.raises(AdapterXLTError, match="out/0_ComposedEncoder/backbone`, from which"):
        model.save_pretrained(str(tmp_path / "again"))
    strengthen(built.model)
    with pytest.raises(AdapterXLTError, match="saving would copy the old ones"):
        export_sentence_transformers(built, tmp_path / "other", **settings)


def test_an_encoder_in_half_precision_is_saved_whole(folders, tmp_path):
    model = opened(folders, "stack")
    model.half().save_pretrained(str(tmp_path / "again"))
    again = st.SentenceTransformer(str(tmp_path / "again"), device="cpu")
    np.testing.assert_allclose(again.encode(TEXTS), ours(folders, "stack"), atol=1e-5)


def test_of_a_backbone_s_folder_only_what_it_consists_of_is_copied(folders, tmp_path):
    folder = shutil.copytree(folders[0].path, tmp_path / "backbone")
    (folder / "pytorch_model.bin").write_bytes(b"old weights")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("secret")
    (folder / "LICENSE").write_text("as you like")
    built = load(inspect_backbone("tiny", folder), folders[1] / "low")
    settings = {"layer": 1, "pooling": "mean", "artifact": folders[1] / "low"}
    export_sentence_transformers(built, tmp_path / "out", max_length=LIMIT, **settings)
    copied = {path.name for path in (tmp_path / "out/0_ComposedEncoder/backbone").iterdir()}
    assert copied == {path.name for path in folders[0].path.iterdir()} | {"LICENSE"}
    model = st.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), ours(folders, "low"), atol=1e-5)


@pytest.mark.parametrize("method", ["seq_bn", "full"])
def test_merges(folders, tmp_path, method):
    backbone = folders[0]
    for seed in (1, 2):
        member = build_train(backbone, method=method, name=f"m{seed}", head=HEAD, seed=seed)
        save(shaken(member), tmp_path / f"m{seed}")
    members = [tmp_path / "m1", tmp_path / "m2"]
    save(merge(backbone, members, [0.5, 0.25], "merged"), tmp_path / "merged")
    built = load(backbone, tmp_path / "merged")
    settings = {"layer": 1, "pooling": "mean", "artifact": tmp_path / "merged"}
    export_sentence_transformers(built, tmp_path / "out", max_length=LIMIT, **settings)
    model = st.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    found = model.encode(TEXTS)
    np.testing.assert_allclose(found, ours((backbone, tmp_path), "merged"), atol=1e-5)
    assert np.abs(found - ours((backbone, tmp_path), "m1")).max() > 1e-3


@pytest.mark.parametrize("name", ["stack", "plain"])
def test_several_processes(folders, name):
    model = opened(folders, name)
    model.max_seq_length = 9
    pool = model.start_multi_process_pool(["cpu"])
    try:
        found = model.encode(TEXTS, pool=pool, chunk_size=4)
    finally:
        model.stop_multi_process_pool(pool)
    np.testing.assert_allclose(found, ours(folders, name, 9), atol=1e-5)


@pytest.mark.parametrize("name", ["stack", "fusion", "prompt", "unipelt"])
def test_copies_take_weights_and_settings_along(folders, name):
    model = opened(folders, name)
    before = model.encode(TEXTS)  # some methods list more tensors once they were used
    model.max_seq_length = 9
    with torch.no_grad():
        model[0].model.base_model.embeddings.word_embeddings.weight.mul_(1.1)
    changed = model.encode(TEXTS)
    assert np.abs(changed - before).max() > 1e-3
    other = copy.deepcopy(model)
    assert other.max_seq_length == 9
    np.testing.assert_allclose(other.encode(TEXTS), changed, atol=1e-6)


def test_a_copy_needs_the_folder(folders, tmp_path):
    moved = shutil.copytree(folders[1] / "stack-st", tmp_path / "model")
    model = st.SentenceTransformer(str(moved), device="cpu")
    shutil.rmtree(moved)
    with pytest.raises(AdapterXLTError, match="no longer exists"):
        copy.deepcopy(model)
