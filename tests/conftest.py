"""Fixtures that several parts' tests share."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason for a property to fail.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# The tasks of whoever runs the tests are not those of the tests.
os.environ["ADAPTERXLT_CONFIG"] = os.devnull

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module", autouse=True)
def little_to_search_for_garbage() -> None:
    """Every training collects garbage, which takes long over all that is imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real downloads: ADAPTERXLT_DATA, else `../shared/data` of the checkout."""
    default = CHECKOUT.parent / "shared" / "data"
    folder = Path(os.environ.get("ADAPTERXLT_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data: set ADAPTERXLT_DATA to its folder ({folder} does not exist)")
    return folder.resolve()


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random XLM-R of two layers, 32 wide, with its tokenizer."""
    from tests import tiny  # torch: only for the tests that need it

    return tiny.build(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def encoder(tiny_backbone: Path) -> SimpleNamespace:
    """A random encoder with its tokenizer: what encoding needs of a built model."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(tiny_backbone, add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_backbone)
    inference = torch.inference_mode
    return SimpleNamespace(model=model, tokenizer=tokenizer, inference=inference, clock=None)
