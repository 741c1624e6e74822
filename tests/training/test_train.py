from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.batching.collate import collate
from adapterxlt.batching.encode import encode
from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.methods.defaults import default_lr
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, save
from adapterxlt.progress import Silent
from adapterxlt.recipe.schema import Training
from adapterxlt.training.arguments import arguments_of
from adapterxlt.training.losses import FUSION_PENALTY, fusion_penalty
from adapterxlt.training.steps import Steps
from adapterxlt.training.train import TaskInputs, TrainReport, train
from tests.training.conftest import make_examples

KINDS: tuple[str, ...] = ("pair_classification", "tagging", "span_qa", "multiple_choice")
# Added to all candidates of a softmax alike: their gradient is rounding noise, or none at all.
SHIFTS = {("multiple_choice", "heads.a.4.bias"), ("span_qa", "heads.a.1.bias")}


def head_of(kind: str) -> HeadSpec:
    labels = ("no", "yes") if kind in ("pair_classification", "tagging") else ()
    return HeadSpec(kind=kind, labels=labels, task=kind)


def features_of(built: Built, kind: str, count: int) -> list[Feature]:
    examples = make_examples(kind, count)
    return encode(examples, built.tokenizer, kind, max_length=64, doc_stride=8, labelled=True)


def settings_of(**changes: object) -> Training:
    base = {"batch_size": 8, "epochs": 1, "seed": 3, "lr": 1e-3}
    return Training.model_validate({**base, **changes})


def run(built: Built, kind: str, folder: Path, count: int = 24, **changes: object) -> TrainReport:
    features = features_of(built, kind, count)
    settings = settings_of(**changes)
    return train(
        built, [TaskInputs(features, kind)], settings, checkpoints=folder, progress=Silent()
    )


def state_of(built: Built) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in built.model.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_training_lowers_the_loss_and_leaves_the_frozen_alone(
    backbone: Backbone, tmp_path: Path, kind: str
) -> None:
    built = build_train(backbone, method="double_seq_bn", name="a", head=head_of(kind), seed=1)
    batch = collate(features_of(built, kind, 24), 1, kind)
    built.model.eval()
    before_state = state_of(built)

    def loss() -> float:
        with torch.no_grad():
            outputs = built.model(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
            )
        return float(get_kind(kind).workings.loss(outputs, batch))

    before = loss()
    trained = {name for name, p in built.model.named_parameters() if p.requires_grad}
    report = run(built, kind, tmp_path, epochs=8, lr=3e-3)
    assert loss() < 0.95 * before
    assert (report.steps, report.examples) == (24, 8 * 24)
    changed = {n for n, tensor in built.model.state_dict().items()
               if not torch.equal(tensor, before_state[n])}  # fmt: skip
    shifts = {name for shifted, name in SHIFTS if shifted == kind}
    assert changed - shifts == trained - shifts
    assert not built.model.training


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_add_up_to_one_big_batch(backbone: Backbone, tmp_path: Path, kind: str) -> None:
    def trained(budget: int) -> tuple[dict[str, Tensor], TrainReport]:
        # Without dropout, as cutting a batch changes which numbers dropout draws.
        built = build_train(backbone, method="seq_bn", name="a", head=head_of(kind), seed=1)
        for module in built.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        report = run(built, kind, tmp_path / str(budget), token_budget=budget, max_steps=4)
        return state_of(built), report

    whole, one = trained(100_000)
    pieces, many = trained(80)
    assert many.padded_tokens < one.padded_tokens  # it was indeed cut
    assert many.final_loss == pytest.approx(one.final_loss, rel=1e-4)
    for name, tensor in whole.items():
        if (kind, name) in SHIFTS:
            continue
        # Four steps of 1e-3 each; Adam makes more of the rounding of small gradients.
        torch.testing.assert_close(pieces[name], tensor, atol=1e-4, rtol=1e-3)


def test_a_step_that_memory_does_not_take_is_done_in_smaller_pieces(
    backbone: Backbone, tmp_path: Path
) -> None:
    def trained(room: int) -> tuple[dict[str, Tensor], list[str]]:
        built = build_train(backbone, method="seq_bn", name="a", head=head_of("tagging"), seed=1)
        for module in built.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0

        def look(module: object, args: object, kwargs: dict[str, Tensor]) -> None:
            if kwargs["input_ids"].numel() > room:
                raise torch.OutOfMemoryError

        built.model.register_forward_pre_hook(look, with_kwargs=True)
        lines: list[str] = []
        progress = Silent()
        progress.log = lines.append  # type: ignore[method-assign]
        features = features_of(built, "tagging", 24)
        train(
            built, [TaskInputs(features, "tagging")], settings_of(max_steps=4),
            checkpoints=tmp_path / str(room), progress=progress,
        )  # fmt: skip
        return state_of(built), lines

    whole, said = trained(10_000)
    assert said == []
    pieces, said = trained(40)
    assert said
    assert all("`cpu` has too little memory for" in line for line in said)
    for name, tensor in whole.items():
        torch.testing.assert_close(pieces[name], tensor, atol=1e-4, rtol=1e-3)


def test_first_step_is_adamw_with_warm_up_on_the_mean_loss(
    backbone: Backbone, tmp_path: Path
) -> None:
    kind: str = "pair_classification"
    built = build_train(backbone, method="lora", name="a", head=head_of(kind), seed=1)
    for module in built.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    features = features_of(built, kind, 8)
    parameters = {n: p for n, p in built.model.named_parameters() if p.requires_grad}
    initial = {name: p.detach().clone() for name, p in parameters.items()}
    batch = collate(features, 1, kind)
    outputs = built.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    (get_kind(kind).workings.loss(outputs, batch) / 8).backward()
    torch.nn.utils.clip_grad_norm_(list(parameters.values()), 0.5)
    optimizer = torch.optim.AdamW(parameters.values(), lr=4e-3, weight_decay=0.0)
    optimizer.step()
    expected = {name: p.detach().clone() for name, p in parameters.items()}
    with torch.no_grad():
        for name, p in parameters.items():
            p.copy_(initial[name])
            p.grad = None
    settings = settings_of(max_steps=1, lr=4e-3, warmup=0.0, max_grad_norm=0.5)
    train(built, [TaskInputs(features, kind)], settings, checkpoints=tmp_path, progress=Silent())
    for name, p in parameters.items():
        torch.testing.assert_close(p.detach(), expected[name], atol=1e-5, rtol=1e-4)


def test_report_counts_tokens(backbone: Backbone, tmp_path: Path) -> None:
    kind: str = "pair_classification"
    built = build_train(backbone, method="seq_bn", name="a", head=head_of(kind), seed=1)
    real = sum(feature.length for feature in features_of(built, kind, 40))
    report = run(built, kind, tmp_path, count=40, epochs=2)
    assert report.real_tokens == 2 * real
    assert real < report.padded_tokens / 2 < 1.25 * real


def test_defaults_come_from_the_method() -> None:
    empty = Training()
    assert empty.resolved("lora").lr == default_lr("lora")
    assert empty.resolved("fusion").lr == default_lr("fusion")
    assert Training(max_steps=5).resolved("lora").epochs is None
    assert Training(lr=1e-2, epochs=2).resolved("full").lr == 1e-2


def test_fusion_penalty_is_on_the_value_matrices_of_dynamic_fusions_only(
    backbone: Backbone, tmp_path: Path
) -> None:
    head = head_of("pair_classification")
    for name in ("a", "b"):
        save(build_train(backbone, method="seq_bn", name=name, head=head, seed=1), tmp_path / name)

    def build(fusion: str) -> Built:
        members = [tmp_path / "a", tmp_path / "b"]
        return build_fusion(backbone, members=members, fusion=fusion, name="f", head=head, seed=1)

    assert fusion_penalty(build("static").model) is None
    assert fusion_penalty(build_train(backbone, method="lora", name="c", head=head, seed=1).model) is None  # fmt: skip  # noqa: E501
    built = build("dynamic")
    values = [p for n, p in built.model.named_parameters() if n.endswith(".value.weight")
              and "adapter_fusion_layer" in n]  # fmt: skip
    assert len(values) == 2
    with torch.no_grad():
        values[0].copy_(2 * torch.eye(32))
        values[1].copy_(torch.eye(32))
    penalty = fusion_penalty(built.model)
    assert penalty is not None
    assert penalty.item() == pytest.approx(FUSION_PENALTY * 32)
    run(built, "pair_classification", tmp_path / "ck", max_steps=30, lr=3e-2, warmup=0.0)
    # Twice the identity is pulled back towards the identity.
    assert values[0].diagonal().mean() < 1.8


def test_divergence_is_an_error(backbone: Backbone, tmp_path: Path) -> None:
    built = build_train(
        backbone, method="full", name="a", head=head_of("pair_classification"), seed=1
    )
    with torch.no_grad():
        built.model.roberta.encoder.layer[0].output.dense.bias[0] = float("nan")
    with pytest.raises(AdapterXLTError, match="training diverged: the loss is nan") as raised:
        run(built, "pair_classification", tmp_path)
    assert raised.value.hint == "lower lr, or raise warmup"  # it was trained in fp32


def test_nothing_to_train_on_is_an_error(backbone: Backbone, tmp_path: Path) -> None:
    head = head_of("pair_classification")
    built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
    with pytest.raises(MissingDataError, match="no training examples"):
        run(built, "pair_classification", tmp_path, count=0)


def test_wrong_trainable_set_stops_before_the_first_step(
    backbone: Backbone, tmp_path: Path
) -> None:
    head = head_of("pair_classification")
    built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
    built.model.freeze_model(False)
    before = state_of(built)
    with pytest.raises(AdapterXLTError, match="should be frozen but is trained"):
        run(built, "pair_classification", tmp_path)
    assert all(torch.equal(t, before[n]) for n, t in built.model.state_dict().items())


def test_bf16_trains_float32_weights(backbone: Backbone, tmp_path: Path) -> None:
    head = head_of("pair_classification")
    built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
    batch = collate(features_of(built, "pair_classification", 8), 1, "pair_classification")
    inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
    report = run(built, "pair_classification", tmp_path, precision="bf16")
    assert 0 < report.final_loss < 2
    assert {p.dtype for p in built.model.parameters()} == {torch.float32}
    once = built.model(**inputs).logits
    assert once.dtype == torch.float32
    # The wrapper for mixed precision is gone again: full precision in, full precision out.
    torch.testing.assert_close(once, type(built.model).forward(built.model, **inputs).logits)


def test_precision_is_not_that_of_the_training_before(backbone: Backbone, tmp_path: Path) -> None:
    def loss(precision: str, folder: str) -> float:
        head = head_of("pair_classification")
        built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
        report = run(built, "pair_classification", tmp_path / folder, precision=precision)
        return report.final_loss

    alone = loss("fp32", "alone")
    assert loss("bf16", "mixed") != alone
    assert loss("fp32", "after") == alone


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, which can do fp16")
def test_fp16_without_gpu_is_refused(backbone: Backbone, tmp_path: Path) -> None:
    head = head_of("pair_classification")
    built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
    with pytest.raises(AdapterXLTError, match="fp16 needs a CUDA GPU"):
        run(built, "pair_classification", tmp_path, precision="fp16")


def test_libraries_say_nothing(
    backbone: Backbone,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    head = head_of("pair_classification")
    with caplog.at_level(logging.WARNING):
        built = build_train(backbone, method="seq_bn", name="a", head=head, seed=1)
        run(built, "pair_classification", tmp_path)
        save(built, tmp_path / "out")
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")
    assert [record.getMessage() for record in caplog.records] == []
    assert [str(w.message) for w in recwarn if "torch.jit" not in str(w.message)] == []


def test_the_second_gpu_can_be_chosen(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two GPUs as torch would tell of them; transformers on its own takes the first."""
    from accelerate.state import PartialState

    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cpu")
    built = build_train(
        backbone, method="seq_bn", name="a", head=head_of("pair_classification"), seed=1
    )
    features = features_of(built, "pair_classification", 8)
    steps = Steps(features, "pair_classification", settings_of(), 1, None, None)
    arguments = arguments_of(settings_of(), steps, tmp_path, torch.device("cuda", 1))
    assert arguments.device == torch.device("cuda", 1)
    assert arguments.n_gpu == 1
    assert PartialState().device == torch.device("cuda", 1)
    assert set(chosen) == {torch.device("cuda", 1)}, "the first one is not even begun with"
    cpu = arguments_of(settings_of(), steps, tmp_path, torch.device("cpu"))
    assert (cpu.device, PartialState().device) == (torch.device("cpu"), torch.device("cpu"))


def test_weight_decay_leaves_orthogonal_matrices_orthogonal(
    backbone: Backbone, tmp_path: Path
) -> None:
    head = head_of("pair_classification")
    built = build_train(backbone, method="loreft", name="a", head=head, seed=1)
    run(built, "pair_classification", tmp_path, weight_decay=0.1)
    projections = [
        module.weight for name, module in built.model.named_modules() if name.endswith("projection")
    ]
    assert len(projections) == 4
    for weight in projections:  # rows of length 1, not 0
        torch.testing.assert_close(weight @ weight.T, torch.eye(len(weight)))
