"""Every architecture: the numbers of plain transformers, training, saving, vectors, travelling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor

from adapterxlt.backbones.architectures import BUILT_IN
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.build import HeadSpec, build_train, load, save
from adapterxlt.models.export_plain import to_transformers
from adapterxlt.models.sizes import trained_parameters
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_grid
from tests import encoders
from tests.models.conftest import CHOICES, PAIRS, SPANS, TAGS, disturb, logits

TEXTS = ["Two children are running through the park.", "Ein Hund.", "Wir blieben zu Hause."]
WORDS = HeadSpec(kind="mlm", task="words")
MakeBackbone = Callable[[str], Backbone]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> MakeBackbone:
    """Make a backbone of an architecture; each is built once."""
    root = tmp_path_factory.mktemp("encoders")

    def make(model_type: str) -> Backbone:
        folder = root / model_type
        if not folder.exists():
            encoders.build(folder, model_type)
        return inspect_backbone(model_type, folder)

    return make


def plain_states(backbone: Backbone, first: list[str], second: list[str] | None) -> Any:
    """Hidden states of every layer in plain transformers, fed by its own tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(backbone.path)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = transformers.AutoModel.from_pretrained(backbone.path).eval()
    inputs = tokenizer(first, second, padding=True, return_tensors="pt")
    with torch.no_grad():
        return inputs, model(**inputs, output_hidden_states=True)


@pytest.mark.parametrize("model_type", encoders.ALL)
def test_states_are_those_of_plain_transformers(made: MakeBackbone, model_type: str) -> None:
    backbone = made(model_type)
    built = load(backbone, None)
    for second in (None, TEXTS[::-1]):
        inputs, wanted = plain_states(backbone, TEXTS, second)
        with torch.no_grad():  # no token types are given: they come from the separators
            found = built.model.base_model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
            )
        real = inputs["attention_mask"].bool()
        assert torch.allclose(
            found.last_hidden_state[real], wanted.last_hidden_state[real], atol=2e-5
        )


def test_modernbert_does_not_take_flash_attention_by_itself(
    made: MakeBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is installed, transformers would: other numbers, and none on a CPU."""
    if not hasattr(transformers.PreTrainedModel, "_flash_attn_2_can_dispatch"):
        pytest.skip("this version of transformers asks in another way")
    monkeypatch.setattr(
        transformers.PreTrainedModel, "_flash_attn_2_can_dispatch", lambda self, *of, **more: True
    )
    assert load(made("modernbert"), None).model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("model_type", encoders.ALL)
def test_vectors_of_every_layer(made: MakeBackbone, model_type: str) -> None:
    backbone = made(model_type)
    inputs, wanted = plain_states(backbone, TEXTS, None)
    mask = inputs["attention_mask"].unsqueeze(-1)
    built = load(backbone, None)
    for layers in ([0, 1, 2], [1], [0]):
        found = encode_grid(
            built, TEXTS, layers=layers, poolings=["mean"], max_length=64, token_budget=512,
            progress=Silent(),
        )  # fmt: skip
        for layer in layers:
            states = wanted.hidden_states[layer] if layer < 2 else wanted.last_hidden_state
            mean = ((states * mask).sum(1) / mask.sum(1)).numpy()
            assert np.allclose(found[layer, "mean"], mean, atol=2e-5), layer


def one_step(built: Any, ids: Tensor) -> None:
    optimizer = torch.optim.SGD([p for p in built.model.parameters() if p.requires_grad], lr=0.1)
    output = built.model(input_ids=ids, attention_mask=torch.ones_like(ids))
    output[0].square().mean().backward()
    optimizer.step()
    built.model.eval()


@pytest.mark.parametrize("head", [PAIRS, TAGS, SPANS], ids=lambda head: head.kind)
@pytest.mark.parametrize("model_type", encoders.ENCODERS)
def test_what_is_trained_is_found_again(
    made: MakeBackbone, model_type: str, head: HeadSpec, ids: Tensor, tmp_path: Path
) -> None:
    backbone = made(model_type)
    for method in ("seq_bn", "full"):
        built = build_train(backbone, method=method, name="it", head=head, seed=1)
        before = logits(built, ids)
        built.model.train()
        one_step(built, ids)
        after = logits(built, ids)
        assert not torch.allclose(before, after, atol=1e-6)
        save(built, tmp_path / method)
        assert torch.allclose(logits(load(backbone, tmp_path / method), ids), after, atol=1e-6)


@pytest.mark.parametrize(
    ("model_type", "head"),
    [
        pytest.param(name, head, id=f"{name}-{head.kind}")
        for name, entry in ((name, BUILT_IN[name]) for name in encoders.ENCODERS)
        for head in (PAIRS, TAGS, SPANS, CHOICES, WORDS)
        if entry.has_plain(head.kind)
    ],
)
def test_plain_transformers_computes_the_same(
    made: MakeBackbone, model_type: str, head: HeadSpec, ids: Tensor, tmp_path: Path
) -> None:
    backbone = made(model_type)
    built = disturb(build_train(backbone, method="full", name="it", head=head, seed=1))
    to_transformers(built, tmp_path / "plain")
    name = f"{BUILT_IN[model_type].classes}{type_of(head)}"
    plain = getattr(transformers, name).from_pretrained(tmp_path / "plain").eval()
    many = torch.stack([ids, ids.flip(-1)], dim=1) if head.kind == "multiple_choice" else ids
    with torch.no_grad():
        theirs = plain(input_ids=many, attention_mask=torch.ones_like(many))
        given: dict[str, Tensor] = {"input_ids": many, "attention_mask": torch.ones_like(many)}
        if head.kind == "mlm":
            given["masked"] = torch.ones_like(many).bool()
        ours = built.model(**given)
    for key in ("logits", "start_logits", "end_logits"):
        if key in theirs:
            assert torch.allclose(ours[key].flatten(), theirs[key].flatten(), atol=2e-5)


def type_of(head: HeadSpec) -> str:
    return {
        "pair_classification": "ForSequenceClassification",
        "tagging": "ForTokenClassification",
        "span_qa": "ForQuestionAnswering",
        "multiple_choice": "ForMultipleChoice",
        "mlm": "ForMaskedLM",
    }[head.kind]


@pytest.mark.parametrize("model_type", encoders.ENCODERS)
def test_language_modelling_starts_from_the_checkpoint_s_head(
    made: MakeBackbone, model_type: str, tmp_path: Path
) -> None:
    backbone = made(model_type)
    built = build_train(backbone, method="seq_bn", name="it", head=WORDS, seed=1)
    ids = built.tokenizer(TEXTS[0], return_tensors="pt")["input_ids"]
    masked = torch.ones_like(ids).bool()
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "masked": masked}
    plain = transformers.AutoModelForMaskedLM.from_pretrained(backbone.path).eval()
    target = tensors.select(built.model, tensors.of_adapter("it"))
    built.model.eval()
    with torch.no_grad():
        for tensor in target.values():
            tensor.zero_()
        ours, theirs = built.model(**given).logits, plain(ids).logits
    assert torch.allclose(ours, theirs, atol=2e-5)
    save(disturb(built), tmp_path / "it")
    again = load(backbone, tmp_path / "it").model.eval()
    with torch.no_grad():
        assert torch.allclose(again(**given).logits, built.model(**given).logits, atol=1e-6)
    (built.model(**given).logits ** 2).mean().backward()
    trained = {name for name, value in built.model.named_parameters() if value.grad is not None}
    head = {name for name in trained if name.startswith("heads.")}
    assert len(head) == {"modernbert": 3}.get(model_type, 5)


# Parameters that reach parts of the library that the methods' defaults do not.
UNUSUAL = (
    "seq_bn[use_gating=true]",
    "seq_bn[original_ln_after=false]",
    "seq_bn[residual_before_ln=post_add]",
    "par_bn[mh_adapter=true]",
    "lora[attn_matrices=[q,k,v],intermediate_lora=true,output_lora=true]",
    "lora[use_gating=true]",
    "loreft[prefix_positions=0,suffix_positions=2]",
)


def problem(backbone: Backbone, method: str) -> str:
    """What is wrong with a method on an architecture, found by building and running it; "" if
    nothing is."""
    try:
        built = disturb(build_train(backbone, method=method, name="it", head=TAGS, seed=1))
        short = built.tokenizer(TEXTS[1], return_tensors="pt")["input_ids"]
        pad = int(built.tokenizer.pad_token_id)
        long = torch.nn.functional.pad(short, (0, 6), value=pad)
        both = torch.cat([long, torch.full_like(long, int(short[0, 1]))])
        mask = torch.ones_like(both)
        mask[0, short.shape[1] :] = 0
        with torch.no_grad():
            alone = built.model(input_ids=short, attention_mask=torch.ones_like(short)).logits
            padded = built.model(input_ids=both, attention_mask=mask).logits
    except Exception as error:  # of the library, in any part of it
        return f"{type(error).__name__}: {error}"
    if not torch.allclose(alone[0], padded[0, : short.shape[1]], atol=1e-4):
        return "padding counts"
    target = tensors.select(built.model, tensors.of_adapter("it"))
    with torch.no_grad():
        for tensor in target.values():
            tensor.zero_()
        moved = built.model(input_ids=short, attention_mask=torch.ones_like(short)).logits
    return "" if not torch.allclose(moved, alone, atol=1e-6) else "it changes nothing"


@pytest.mark.parametrize("model_type", encoders.ALL)
def test_what_an_entry_says_of_methods_is_so(made: MakeBackbone, model_type: str) -> None:
    backbone = made(model_type)
    narrow = {name: f"{name}[phm_dim=2]" for name in ("compacter", "compacter++")}
    methods = [
        narrow.get(name, name) for name, method in METHODS.items() if method.family != "full"
    ]
    found = {method: problem(backbone, method) for method in [*methods, *UNUSUAL]}
    told = {method: backbone.problems_of(method) for method in found}
    assert {method: bool(text) for method, text in found.items()} == {
        method: bool(text) for method, text in told.items()
    }, {method: text for method, text in found.items() if bool(text) != bool(told[method])}
    counts, _ = trained_parameters(backbone, ["bitfit"])
    assert bool(backbone.problems_of("bitfit")) == (counts["bitfit"] == 0)
