"""A tokenizer is read once a process, and what one caller sets is not seen by another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import base
from adapterxlt.models.base import load_tokenizer


def test_it_is_read_once_and_limits_are_each_callers(tiny_backbone: Path) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    base._tokenizer.cache_clear()
    first, second = load_tokenizer(backbone), load_tokenizer(backbone)
    assert base._tokenizer.cache_info().misses == 1
    longest = second.model_max_length
    first.model_max_length = 5
    first.padding_side = "left"
    assert (second.model_max_length, second.padding_side) == (longest, "right")
    third = load_tokenizer(backbone)
    assert (third.model_max_length, third.padding_side) == (longest, "right")

    text = "a dog and a cat and a bird"
    plain = second(text)["input_ids"]
    cut = first(text, truncation=True, max_length=4, padding="max_length")["input_ids"]
    assert len(cut) == 4
    assert second(text)["input_ids"] == plain, "how one call cuts and pads is not kept"
    assert third([text, "a"], padding=True)["attention_mask"][1][-1] == 0


def test_a_backbone_whose_files_changed_is_read_anew(tiny_backbone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(tiny_backbone, folder)
    backbone = inspect_backbone("own", folder)
    load_tokenizer(backbone)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "a.B"}}))
    with pytest.raises(MissingBackboneError, match="names code to run"):
        load_tokenizer(backbone)
