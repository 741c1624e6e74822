"""The parameters of a build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapterxlt.bundled import bundled
from adapterxlt.errors import UsageError
from tools.mini.__main__ import CONFIG, read_config
from tools.mini.config import LANGUAGES, PretrainConfig


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


def test_the_file_holds_the_bundled_backbone() -> None:
    made = json.loads((bundled("artifacts/backbones/mini") / "lineage.json").read_text("utf-8"))
    assert read_config(CONFIG) == PretrainConfig.model_validate(made["config"])


def test_a_file_that_says_something_else(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    for text, told in (("layers: 0", "layers"), ("- 1", "wrong.yaml"), ("a: [", "wrong.yaml")):
        wrong.write_text(text, "utf-8")
        with pytest.raises(UsageError, match=told):
            read_config(wrong)
