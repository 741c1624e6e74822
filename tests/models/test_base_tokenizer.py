"""The steps of a run read a tokenizer once; no other models share one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import base
from adapterxlt.models.base import load_tokenizer
from adapterxlt.models.build import load
from adapterxlt.models.shared_tokenizers import Shared, sharing
from tests.stages.test_precision import run


def test_steps_share_the_vocabulary_but_not_the_limits(tiny_backbone: Path) -> None:
    backbone = inspect_backbone("tiny", tiny_backbone)
    with sharing({}):
        first, second = load_tokenizer(backbone), load_tokenizer(backbone)
        assert first.backend_tokenizer is second.backend_tokenizer
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


def test_models_that_are_loaded_outside_of_steps_share_none(tiny_backbone: Path) -> None:
    """Two threads may use them at the same time, and `tokenizers` refuses that of one."""
    backbone = inspect_backbone("tiny", tiny_backbone)
    with sharing({}):
        of_a_step = load(backbone, None)
    first, second = load(backbone, None), load(backbone, None)
    backends = {id(built.tokenizer.backend_tokenizer) for built in (of_a_step, first, second)}
    assert len(backends) == 3


def test_a_run_reads_it_once(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Mock(wraps=base._read_tokenizer)
    monkeypatch.setattr(base, "_read_tokenizer", reads)
    assert not run(tmp_path, tiny_backbone, "plain").failed
    assert reads.call_count == 1


def test_a_backbone_whose_files_changed_is_read_anew(tiny_backbone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(tiny_backbone, folder)
    backbone = inspect_backbone("own", folder)
    tokenizers: Shared = {}
    with sharing(tokenizers):
        load_tokenizer(backbone)
        config = json.loads((folder / "config.json").read_text())
        changed = {**config, "auto_map": {"AutoModel": "a.B"}}
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(MissingBackboneError, match="names code to run"):
            load_tokenizer(backbone)
    assert len(tokenizers) == 1
