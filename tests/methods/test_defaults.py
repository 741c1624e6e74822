"""Learning rates and epochs where a recipe says none."""

from __future__ import annotations

from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.methods.table import METHODS


def test_default_learning_rates_and_epochs() -> None:
    assert default_lr("full") == 2e-5
    assert default_lr("seq_bn[reduction_factor=4]") == 1e-4
    assert default_lr("lora") == 5e-4
    assert default_lr("prefix_tuning|par_bn") == 1e-4  # the lower of the two
    assert default_lr("fusion") == 5e-5
    assert default_epochs("full") == 3
    assert default_epochs("seq_bn") == default_epochs("fusion") == 5
    for name in METHODS:
        assert 0 < default_lr(name) < 1
