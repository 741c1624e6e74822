from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models.build import build_fusion, build_train, load, save
from adapterxlt.models.spec import HeadSpec
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_sentences
from adapterxlt.vectors.on_disk import encode_to_files
from adapterxlt.vectors.tokens import tokenize
from tests import tiny

POOLINGS = ["mean", "mean-no-special", "cls", "max"]
SENTENCES = [*tiny.SENTENCES[:12], "", tiny.SENTENCES[3], "a", "☃", " ".join(tiny.SENTENCES[:8])]
MAX_LENGTH = 40


def encode(built, sentences=SENTENCES, layers=(0, 1, 2), pooling="mean", **settings):
    settings = {"max_length": MAX_LENGTH, "token_budget": 100, **settings}
    return encode_sentences(
        built, sentences, layers=layers, pooling=pooling, progress=Silent(), **settings
    )


def one_by_one(built, text, pooling):
    """[layers + 1, dim]: a plain forward pass of one sentence, pooled by hand."""
    ids = built.tokenizer(text, truncation=True, max_length=MAX_LENGTH)["input_ids"]
    with torch.no_grad():
        states = built.model.base_model(torch.tensor([ids]), output_hidden_states=True)
    vectors = []
    for state in states.hidden_states:
        tokens = state[0].numpy()
        if pooling == "cls":
            vectors.append(tokens[0])
        elif pooling == "max":
            vectors.append(tokens.max(axis=0))
        elif pooling == "mean-no-special" and len(tokens) > 2:
            vectors.append(tokens[1:-1].mean(axis=0))
        else:
            vectors.append(tokens.mean(axis=0))
    return np.stack(vectors)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_vectors_equal_a_plain_pass_sentence_by_sentence(encoder, pooling):
    vectors = encode(encoder, pooling=pooling)
    assert sorted(vectors) == [0, 1, 2]
    for row, text in enumerate(SENTENCES):
        plain = one_by_one(encoder, text, pooling)
        for layer, array in vectors.items():
            assert array.shape == (len(SENTENCES), 32)
            assert array.dtype == np.float32
            np.testing.assert_allclose(array[row], plain[layer], atol=1e-5)


def test_the_layers_differ(encoder):
    vectors = encode(encoder)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.1
    assert np.abs(vectors[1] - vectors[2]).max() > 0.1


def test_the_pass_stops_at_the_highest_layer_and_leaves_the_model_whole(encoder):
    ran = []
    layers = list(encoder.model.encoder.layer)
    hooks = [
        layer.register_forward_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(layers, start=1)
    ]
    every = encode(encoder)
    ran.clear()
    assert np.array_equal(encode(encoder, layers=[1])[1], every[1])
    assert set(ran) == {1}
    ran.clear()
    assert np.array_equal(encode(encoder, layers=[0])[0], every[0])
    assert ran == []
    for hook in hooks:
        hook.remove()
    assert list(encoder.model.encoder.layer) == layers


def test_the_model_is_whole_again_after_a_failure(encoder):
    class Interrupted(Silent):
        def bar(self, *args, **settings):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_sentences(
            encoder,
            SENTENCES,
            layers=[1],
            pooling="mean",
            max_length=40,
            token_budget=100,
            progress=Interrupted(),
        )
    assert len(encoder.model.encoder.layer) == 2


def test_each_distinct_sentence_is_encoded_once(encoder):
    seen = []
    hook = encoder.model.embeddings.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    vectors = encode(encoder, ["x", "y", "x", "x"])
    hook.remove()
    assert sum(seen) == 2
    assert np.array_equal(vectors[2][0], vectors[2][2])
    assert np.array_equal(vectors[2][0], vectors[2][3])
    assert not np.array_equal(vectors[2][0], vectors[2][1])


def test_batches_keep_to_the_token_budget(encoder):
    shapes = []
    hook = encoder.model.embeddings.register_forward_hook(
        lambda module, args, kwargs, output: shapes.append(kwargs["input_ids"].shape),
        with_kwargs=True,
    )
    encode(encoder, token_budget=64)
    hook.remove()
    assert all(rows * width <= 64 for rows, width in shapes)
    assert any(rows > 1 for rows, _ in shapes)


def test_the_same_call_gives_the_same_bytes(encoder):
    first, second = encode(encoder), encode(encoder)
    assert all(first[layer].tobytes() == second[layer].tobytes() for layer in first)


def test_sentences_longer_than_the_positions_are_cut(encoder):
    long = " ".join(tiny.SENTENCES)
    vectors = encode(encoder, [long], max_length=512, token_budget=4096)
    assert np.isfinite(vectors[2]).all()
    ids = encoder.tokenizer(long, truncation=True, max_length=128)["input_ids"]
    with torch.no_grad():
        plain = encoder.model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
    np.testing.assert_allclose(vectors[2][0], plain.numpy(), atol=1e-5)


def test_no_sentences_are_refused(encoder):
    with pytest.raises(AdapterXLTError, match="no sentences"):
        encode(encoder, [])


METHODS = ["seq_bn", "seq_bn_inv", "lora", "prefix_tuning", "prompt_tuning", "loreft", "full"]
HEAD = HeadSpec(kind="tagging", labels=("A", "B"), task="test")


def shaken(built):
    """As if trained: fresh adapters barely change anything."""
    built.model.eval()
    with torch.no_grad():
        for name, parameter in built.model.named_parameters():
            # torch's orthogonal maps truncate the diagonal of their parameter: not to be shaken.
            if parameter.requires_grad and "parametrizations" not in name:
                parameter += 0.1 * torch.randn_like(parameter)
    return built


def check_vectors(built, backbone, budget):
    """They are those of plain passes, and not those of the bare backbone."""
    vectors = encode(built, token_budget=budget)
    bare = encode(load(backbone, None), token_budget=budget)
    for row in (0, 5, 12):
        plain = one_by_one(built, SENTENCES[row], "mean")
        for layer in vectors:
            np.testing.assert_allclose(vectors[layer][row], plain[layer], atol=2e-5)
    assert np.abs(vectors[2] - bare[2]).max() > 1e-3
    return vectors


@pytest.mark.parametrize("method", METHODS)
def test_adapters_apply_and_heads_do_not(tiny_backbone, method):
    backbone = inspect_backbone("tiny", tiny_backbone)
    built = shaken(build_train(backbone, method=method, name="new", head=HEAD, seed=5))
    check_vectors(built, backbone, budget=100)


def test_every_composition_applies_and_outlives_being_saved(tiny_backbone, tmp_path):
    backbone = inspect_backbone("tiny", tiny_backbone)
    member = {"method": "seq_bn", "head": HEAD}
    builders = {
        "a": lambda: build_train(backbone, name="a", seed=1, **member),
        "b": lambda: build_train(backbone, name="b", seed=2, **member),
        "stack": lambda: build_train(
            backbone, name="stack", stack_on=tmp_path / "a", seed=3, **member
        ),
        "fuse": lambda: build_fusion(
            backbone, members=[tmp_path / "a", tmp_path / "b"], fusion="dynamic", name="fuse",
            head=HEAD, seed=4,
        ),
        "over": lambda: build_train(
            backbone, name="over", stack_on=tmp_path / "fuse", seed=5, **member
        ),
    }  # fmt: skip
    found = {}
    for name, build in builders.items():
        save(shaken(build()), tmp_path / name)
        found[name] = check_vectors(load(backbone, tmp_path / name), backbone, budget=100)[2]
    for first, second in combinations(found.values(), 2):
        assert np.abs(first - second).max() > 1e-3


def test_sentences_of_the_same_tokens_have_the_same_bytes(encoder, tmp_path):
    plain = list(dict.fromkeys(tiny.SENTENCES))[:12]
    texts = [*plain, *(text.replace(" ", "  ") + " " for text in plain)]
    ids = encoder.tokenizer(texts)["input_ids"]
    assert ids[:12] == ids[12:]
    # Batches so small that the copies would not meet in one.
    vectors = encode(encoder, texts, token_budget=40)
    files = encode_to_files(
        encoder, tokenize(encoder, texts, 64), tmp_path, keys=[(2, "mean")], token_budget=40,
        progress=Silent(),
    )  # fmt: skip
    for found in (vectors[1], vectors[2], files[2, "mean"].block(0, 24)):
        assert found[:12].tobytes() == found[12:].tobytes()
    assert files[2, "mean"].block(0, 24).tobytes() == vectors[2].tobytes()
