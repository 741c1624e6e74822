"""The parameters of a build."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from adapterxlt.pretraining.config import LANGUAGES, PretrainConfig


def test_defaults_are_valid_and_cover_all_languages() -> None:
    config = PretrainConfig()
    assert config.languages == LANGUAGES
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 18
    assert PretrainConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_size": 100, "heads": 3}, "no multiple of heads"),
        ({"layers": 2, "retrieval_layer": 3}, "above the last layer"),
        ({"languages": ["en"]}, "at least two"),
        ({"transformer": {"translation_share": 0.7, "paragraph_share": 0.7}}, "more than 1"),
        ({"vocabulry": 100}, "vocabulry"),
        ({"embeddings": {"stepz": 1}}, "stepz"),
    ],
)
def test_wrong_parameters(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PretrainConfig.model_validate(parameters)


def test_configuration_imports_no_torch() -> None:
    code = (
        "import sys; import adapterxlt.pretraining.config, adapterxlt.pretraining.sources;"
        "print([m for m in ('torch', 'transformers', 'sentencepiece') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
