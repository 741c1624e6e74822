"""What evaluate and retrieve stages compute in, and what their results say of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import MissingDeviceError
from adapterxlt.execution.outcome import RunResult
from adapterxlt.execution.run import run_recipe
from adapterxlt.models.build import load
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.report.sections import sections
from adapterxlt.vectors.encode import encode_grid
from tests.tiny import SENTENCES

SCORES = "  {0}: {{evaluate: m, on: pawsx, languages: en{1}}}\n"
SEARCH = "  s{0}: {{retrieve: none, on: tatoeba, languages: de, layers: [2]{1}}}\n"


def run(folder: Path, backbone: Path, *precisions: str) -> RunResult:
    data = folder / "data" / "pawsx"
    data.mkdir(parents=True, exist_ok=True)
    texts = [
        f"The {'old' if n % 2 else 'new'} house {n}.\tA house {n}.\t{n % 2}" for n in range(16)
    ]
    for name in ("train-en", "dev-en"):
        (data / f"{name}.tsv").write_text("\n".join(texts) + "\n", encoding="utf-8")
    tatoeba = folder / "data" / "tatoeba"
    tatoeba.mkdir(exist_ok=True)
    for side in ("de", "en"):
        text = "\n".join(SENTENCES[:12]) + "\n"
        (tatoeba / f"de-en.{side}").write_text(text, encoding="utf-8")
    stages = "".join(
        stage.format(name, f", precision: {name}" if name != "plain" else "")
        for name in precisions
        for stage in (SCORES, SEARCH)
    )
    path = folder / "r.yaml"
    path.write_text(
        f"name: r\nbackbone: {backbone}\ndata: data\n"
        "training: {max_steps: 2, lr: 0.01}\n"
        f"stages:\n  m: {{train: pawsx, method: lora}}\n{stages}",
        encoding="utf-8",
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run_recipe(loaded.recipe, workdir=folder / "w", sources=sources, device="cpu")


def test_results_say_what_they_were_computed_in(tmp_path: Path, tiny_backbone: Path) -> None:
    done = run(tmp_path, tiny_backbone, "plain", "auto", "bf16")
    assert not done.failed
    said = {(row.stage, row.protocol, row.precision) for row in done.rows if row.main}
    assert said == {
        ("plain", "zero-shot", None),
        ("auto", "zero-shot, precision auto", "fp32"),  # on a CPU
        ("bf16", "zero-shot, precision bf16", "bf16"),
        ("splain", "xtreme-2020", None),
        ("sauto", "xtreme-2020, precision auto", "fp32"),
        ("sbf16", "xtreme-2020, precision bf16", "bf16"),
    }
    values = {row.stage: row.value for row in done.rows if row.main}
    assert (values["auto"], values["sauto"]) == (values["plain"], values["splain"])
    written = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
    assert all(("precision" in row) == ("plain" not in row["stage"]) for row in written)
    told = {one.grid.rows[0].stage: one.rests_on for one in sections(done.rows)}
    assert "computed in: bf16" in told["bf16"]
    assert not any("computed in" in line for line in told["plain"])
    cells = {row.stage: row.cell for row in done.rows}
    assert len(set(cells.values())) == 6


def test_half_precision_is_refused_before_anything_runs(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    with pytest.raises(MissingDeviceError, match="precision fp16 needs a CUDA GPU"):
        run(tmp_path, tiny_backbone, "fp16")
    assert not list((tmp_path / "w" / "store").glob("??/*"))


def test_vectors_in_bf16_are_near_those_in_fp32_and_pooled_in_fp32(tiny_backbone: Path) -> None:
    built = load(resolve_backbone(str(tiny_backbone), Path.cwd()), None)
    found = {}
    for precision in ("fp32", "bf16"):
        built.precision = precision
        found[precision] = encode_grid(
            built,
            SENTENCES[:12],
            layers=[2],
            poolings=["mean", "cls"],
            max_length=32,
            token_budget=512,
            progress=Silent(),
        )
    for key, exact in found["fp32"].items():
        rough = found["bf16"][key]
        assert rough.dtype == np.float32
        assert not np.array_equal(rough, exact)
        assert np.abs(rough - exact).max() < 0.03 * np.abs(exact).max()
    # Sums of half precision would have eight bits: means are not all representable in those.
    mean = found["bf16"][2, "mean"]
    assert (torch.tensor(mean).bfloat16().float().numpy() != mean).any()
