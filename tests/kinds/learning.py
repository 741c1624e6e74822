"""Trains a tiny model on examples of a kind, and predicts them: what each kind must learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.batching.encode import encode
from adapterxlt.evaluation.predict import predict
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.workings import Prediction
from adapterxlt.models.build import Built, HeadSpec, build_train
from adapterxlt.progress import Silent
from adapterxlt.recipe.schema import Training
from adapterxlt.training.train import TaskInputs, train
from tests.facts import Facts


def learnt(
    backbone: Backbone,
    folder: Path,
    task: Facts,
    examples: Sequence[Example],
    epochs: int = 10,
) -> tuple[Built, float]:
    """A model that was trained on examples, and its loss in the end."""
    head = HeadSpec(
        kind=task.kind, labels=task.labels, task=task.name, multi_label=task.multi_label
    )
    built = build_train(backbone, method="double_seq_bn", name="a", head=head, seed=1)
    features = encode(
        examples,
        built.tokenizer,
        task.kind,
        max_length=64,
        doc_stride=8,
        labelled=True,
        labels=task.labels,
    )
    settings = Training.model_validate({"batch_size": 8, "epochs": epochs, "seed": 3, "lr": 1e-2})
    parts = [TaskInputs(features, task.kind)]
    report = train(built, parts, settings, checkpoints=folder, progress=Silent())
    return built, report.final_loss


def predictions(built: Built, task: Facts, examples: Sequence[Example]) -> list[Prediction]:
    return predict(
        built,
        examples,
        task,
        max_length=64,
        doc_stride=8,
        token_budget=512,
        progress=Silent(),
    )
