from __future__ import annotations

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models.build import build_train
from adapterxlt.models.trainable import assert_trainable
from tests.models.conftest import PAIRS


def test_difference_to_what_should_train_is_listed(backbone: Backbone) -> None:
    built = build_train(backbone, method="seq_bn", name="a", head=PAIRS, seed=1)
    assert built.spec is not None
    assert_trainable(built.model, built.spec)
    parameters = dict(built.model.named_parameters())
    parameters["heads.a.1.weight"].requires_grad = False
    parameters["roberta.encoder.layer.0.output.dense.bias"].requires_grad = True
    with pytest.raises(AdapterXLTError) as caught:
        assert_trainable(built.model, built.spec)
    assert "should be trained but is frozen: heads.a.1.weight" in str(caught.value)
    assert "should be frozen but is trained: roberta.encoder.layer.0.output.dense.bias" in str(
        caught.value
    )


def test_a_wholly_unfrozen_model_is_noticed(backbone: Backbone) -> None:
    built = build_train(backbone, method="lora", name="a", head=PAIRS, seed=1)
    assert built.spec is not None
    built.model.freeze_model(False)
    with pytest.raises(AdapterXLTError, match=r"\.\.\. and \d+ more"):
        assert_trainable(built.model, built.spec)
