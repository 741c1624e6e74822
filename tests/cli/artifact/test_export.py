"""`adapterxlt artifact export`: what other libraries read."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from adapterxlt.models.build import load
from adapterxlt.sharing.locate import locate
from adapterxlt.vectors.names import Pooling
from tests.cli.artifact.commands import document, fails, well
from tests.sharing.spoil import relist
from tests.sharing.trained import tiny as named_tiny


def test_export(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    where = ("--backbone", tiny_backbone)
    out = tmp_path / "new" / "out"
    well("export", f"{workdir}:low_rank", "--to", "peft", "--out", out, *where)
    assert (out / "adapter_model.safetensors").is_file()
    fails(2, "already exists", "export", f"{workdir}:nli", "--to", "adapters", "--out", out)
    out = tmp_path / "other"
    fails(2, "--to adapters", "export", f"{workdir}:nli", "--to", "peft", "--out", out, *where)
    fails(2, "onnx", "export", f"{workdir}:nli", "--to", "onnx", "--out", out)
    fails(5, "its backbone", "export", f"{workdir}:nli", "--to", "adapters", "--out", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


@pytest.mark.parametrize(("stage", "pooling"), [("nli", "cls"), ("whole", "mean")])
def test_export_a_sentence_encoder(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, stage: str, pooling: Pooling
) -> None:
    library = pytest.importorskip(
        "sentence_transformers", reason="sentence-transformers is not installed"
    )
    out = tmp_path / "out"
    arguments = ("export", f"{workdir}:{stage}", "--to", "sentence-transformers", "--out", out)
    where = ("--backbone", tiny_backbone)
    fails(2, "needs --layer", *arguments)
    fails(2, "no layer 3", *arguments, "--layer", 3, *where)
    well(*arguments, "--layer", 1, "--pooling", pooling, *where)
    texts = ["Two children are running.", "Der Zug fährt."]
    vectors = library.SentenceTransformer(str(out), trust_remote_code=True).encode(texts)
    entry = locate(f"{workdir}:{stage}")
    encoder = load(named_tiny(tiny_backbone), entry)
    encoded = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = encoder.model.base_model(**encoded, output_hidden_states=True)
    hidden, mask = output.hidden_states[1], encoded["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    expected = hidden[:, 0] if pooling == "cls" else mean
    np.testing.assert_allclose(vectors, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_export_the_bare_backbone(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("sentence_transformers")
    to = ("--to", "sentence-transformers", "--layer", 1, "--out")
    found = document("export", tiny_backbone, *to, tmp_path / "out")
    assert (found["title"], found["notes"]) == (str(tiny_backbone), [])
    texts = ["Two children are running.", "Der Zug fährt."]
    vectors = library.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(texts)
    encoder = load(named_tiny(tiny_backbone), None)
    encoded = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = encoder.model.base_model(**encoded, output_hidden_states=True)
    hidden, mask = output.hidden_states[1], encoded["attention_mask"][..., None]
    expected = (hidden * mask).sum(1) / mask.sum(1)
    np.testing.assert_allclose(vectors, expected.numpy(), rtol=1e-4, atol=1e-5)
    assert "mini (c16946a1917b)" in well("export", "mini", *to, tmp_path / "mini").stdout
    other = ("--to", "transformers", "--out", tmp_path / "other")
    fails(2, "mini is a bare backbone", "export", "mini", *other)
    fails(2, "there is no such file or folder", "export", "minni", *to, tmp_path / "other")


def test_an_export_says_what_stays_behind(
    workdir: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sentence_transformers")
    to = ("--to", "sentence-transformers", "--layer", 1, "--out", tmp_path / "out")
    done = well("export", f"{workdir}:nli", *to, "--backbone", tiny_backbone)
    assert "head for mnli is not exported" in done.stderr
    # What lies inside is the artifact itself.
    inner = tmp_path / "out" / "0_ComposedEncoder" / "artifact"
    into = ("--workdir", tmp_path / "w", "--backbone", tiny_backbone)
    assert document("import", inner, *into)["title"] == "nli"


def test_export_without_the_package(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    arguments = ("export", f"{workdir}:nli", "--out", tmp_path / "out", "--layer", 1)
    fails(
        5,
        'pip install "adapterxlt[mteb]"',
        *arguments,
        "--to",
        "sentence-transformers",
        "--backbone",
        tiny_backbone,
    )
    fails(2, "can only be used with --to sentence-transformers", *arguments, "--to", "adapters")
    assert not list(tmp_path.iterdir())


def test_an_export_checks_before_it_builds(
    bundle: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    well("pack", bundle, "--out", folder)
    spec = folder / "model.json"
    spec.write_text(spec.read_text().replace('"seq_bn"', '"seq_bn[reduction_factor=1e-12]"'))
    relist(folder)
    out = ("--to", "adapters", "--out", tmp_path / "out", "--backbone", tiny_backbone)
    fails(4, "the model needs [32000000000000]", "export", folder, *out)
    assert not (tmp_path / "out").exists()
