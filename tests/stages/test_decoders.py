"""A decoder backbone, a tiny random Llama: words are aligned and probed in it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner
from safetensors.torch import load_file

import adapterxlt as xlt
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.main import cli
from adapterxlt.errors import InvalidRecipeError, UsageError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.build import load
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.vectors.encoder import load_encoder
from tests import encoders
from tests.stages.test_align import recipe, run, weights
from tests.stages.words import PAIRS

pytestmark = pytest.mark.skipif("llama" not in encoders.ALL, reason="needs adapters 1.3")

STAGES = """\
  held: {align: lex/en_de.tsv, layer: 1, held_out: 0.25, method: "lora[r=4]"}
  half: {align: lex/en_de.tsv, layer: 1, held_out: 0.25, method: "lora[r=4]", precision: bf16}
  words: {probe: [none, held], on: lex/en_de.tsv}
  fine: {probe: none, on: lex/en_de.tsv, layers: [2]}
  rough: {probe: none, on: lex/en_de.tsv, layers: [2], precision: bf16}
"""
_OWN = ("u", "mean-no-special")
EVERY_OTHER_KIND = """\
  a: {train: pawsx}
  b: {merge: [a, c]}
  c: {train: pawsx}
  d: {fuse: [a, c], train: pawsx}
  e: {ensemble: [a, c]}
  f: {evaluate: a, on: pawsx}
  g: {retrieve: none, on: tatoeba}
  h: {suggest: [a, c], on: pawsx}
  i: {align: lex/en_de.tsv, layer: 1}
  j: {probe: none, on: lex/en_de.tsv}
"""


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoders.build(tmp_path_factory.mktemp("decoders") / "llama", "llama")


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, llama: Path
) -> tuple[LoadedRecipe, Path, RunResult]:
    folder = tmp_path_factory.mktemp("done")
    loaded = recipe(folder, llama, STAGES)
    result = run(loaded, folder / "work")
    assert not result.failed
    return loaded, folder, result


def test_alignment_changes_the_layers_below_alone(
    done: tuple[LoadedRecipe, Path, RunResult], llama: Path
) -> None:
    backbone = resolve_backbone(str(llama), llama)
    built = load(backbone, done[2].outputs["held"])
    assert built.spec is not None
    assert built.spec.method == "lora[r=4,leave_out=[1]]"
    after, before = weights(built.model), weights(load_base(backbone))
    assert all(torch.equal(after[key], before[key]) for key in before.keys() & after.keys())
    trained = [key for key in after if ".loras." in key]
    assert {key.split(".")[2] for key in trained} == {"0"}
    assert any(bool(after[key].any()) for key in trained if key.endswith("lora_B"))


def test_alignment_in_bf16_keeps_weights_in_32_bits(
    done: tuple[LoadedRecipe, Path, RunResult], llama: Path
) -> None:
    folders = [done[2].outputs[name] for name in ("held", "half")]
    whole, half = (load_file(folder / "adapter.safetensors") for folder in folders)
    assert {tensor.dtype for tensor in half.values()} == {torch.float32}
    backbone = resolve_backbone(str(llama), llama)
    built = load(backbone, folders[1])
    assert {tensor.dtype for tensor in built.model.parameters()} == {torch.float32}
    # Products are rounded, so the updates differ a little, but go the same way.
    updates = [
        torch.cat([own[key].flatten() for key in sorted(own) if key.endswith("lora_B")])
        for own in (whole, half)
    ]
    assert all(bool(update.any()) for update in updates)
    assert not torch.equal(*updates)
    assert float(torch.cosine_similarity(*updates, dim=0)) > 0.9
    after, before = weights(built.model), weights(load_base(backbone))
    assert all(torch.equal(after[key], before[key]) for key in before.keys() & after.keys())


def test_figures_are_those_of_plain_transformers(
    done: tuple[LoadedRecipe, Path, RunResult], llama: Path
) -> None:
    """Of each word alone, without padding, by the means of its subwords' states."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(llama)
    model = transformers.AutoModel.from_pretrained(llama).eval()

    def vector(word: str, layer: int, first: int) -> np.ndarray:
        given = tokenizer(word, return_tensors="pt")
        assert given["input_ids"][0, 0] == tokenizer.bos_token_id
        with torch.no_grad():
            states = model(**given, output_hidden_states=True).hidden_states[layer][0]
        mean = states[first:].mean(dim=0).double().numpy()
        return np.asarray(mean / np.linalg.norm(mean))

    _, folder, result = done
    values = {
        (row.layer, row.pooling): row
        for row in result.rows
        if (row.stage, row.model, row.metric) == ("words", "none", "similarity")
    }
    assert len(values) == 6
    ids = None
    for (layer, pooling), row in values.items():
        blocks = read_outcomes(Store(folder / "work" / STORE_FOLDER).path(row.cell))
        assert blocks is not None
        (block,) = [one for one in blocks if (one.layer, one.pooling) == (layer, pooling)]
        known = {round(float(value), 4) for value in block.columns["similarity"]}
        assert layer is not None
        first = 0 if pooling == "mean" else 1
        wanted = [vector(de, layer, first) @ vector(en, layer, first) for en, de in PAIRS]
        assert known <= {round(float(value), 4) for value in wanted}, (layer, pooling)
        assert ids is None or ids == block.ids.tolist()
        ids = block.ids.tolist()


def test_the_start_token_is_the_same_in_every_word(llama: Path) -> None:
    built = load(resolve_backbone(str(llama), llama), None)
    ids = built.tokenizer([en for en, _ in PAIRS], padding=True, return_tensors="pt")
    with torch.no_grad():
        states = built.model.base_model(**ids, output_hidden_states=True).hidden_states
    for layer in states:
        assert torch.allclose(layer[:, 0], layer[:1, 0].expand_as(layer[:, 0]), atol=1e-5)


def test_special_tokens_make_every_pair_alike(done: tuple[LoadedRecipe, Path, RunResult]) -> None:
    values = {
        (row.layer, row.pooling): row.value
        for row in done[2].rows
        if (row.stage, row.model, row.metric) == ("words", "none", "similarity_shuffled")
    }
    for layer in (0, 1, 2):
        assert values[layer, "mean"] > values[layer, "mean-no-special"]


def test_precision_is_recorded_with_the_number(
    done: tuple[LoadedRecipe, Path, RunResult],
) -> None:
    rows = {
        (row.stage, row.metric, row.pooling): row
        for row in done[2].rows
        if row.layer == 2 and row.model == "none"
    }
    rough = rows["rough", "similarity", "mean"]
    fine = rows["fine", "similarity", "mean"]
    assert (rough.precision, rough.protocol) == ("bf16", "all words, precision bf16")
    assert (fine.precision, fine.protocol) == (None, "all words")
    assert rough.value != fine.value
    assert rough.value == pytest.approx(fine.value, abs=2.0)


def test_it_travels_as_an_artifact(
    done: tuple[LoadedRecipe, Path, RunResult], tmp_path: Path, llama: Path
) -> None:
    _, folder, result = done
    name, at = f"{folder / 'work'}:held", ["--backbone", str(llama)]
    for arguments in (
        ["verify", name, *at],
        ["pack", name, "--out", str(tmp_path / "p.axlt")],
        ["export", name, "--to", "adapters", "--out", str(tmp_path / "a"), *at],
        ["export", name, "--to", "peft", "--out", str(tmp_path / "b"), *at],
        ["export", name, "--to", "transformers", "--out", str(tmp_path / "c"), *at],
    ):
        found = CliRunner().invoke(cli, ["artifact", *arguments])
        assert found.exit_code == 0, found.output
    config = json.loads((tmp_path / "b" / "adapter_config.json").read_text())
    assert config["target_modules"] == ["q_proj", "v_proj"]
    text = "  u: {use: ../p.axlt}\n  words: {probe: [none, u], on: lex/en_de.tsv, layers: [1]}\n"
    (tmp_path / "there").mkdir()
    loaded = recipe(tmp_path / "there", llama, text)
    loaded = load_recipe(loaded.path, find_backbone=resolve_backbone, look=True)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    again = run_recipe(loaded.recipe, workdir=tmp_path / "there" / "work", sources=sources)
    assert not again.failed
    values = {row.metric: row.value for row in again.rows if (row.model, row.pooling) == _OWN}
    first = {
        row.metric: row.value
        for row in result.rows
        if (row.stage, row.model, row.layer, row.pooling) == ("words", "held", 1, _OWN[1])
    }
    assert values == first


def test_every_other_kind_of_stage_is_refused(tmp_path: Path, llama: Path) -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        recipe(tmp_path, llama, EVERY_OTHER_KIND)
    found = {problem.path: problem for problem in caught.value.problems}
    assert set(found) == {f"stages.{name}" for name in "abcdefgh"}
    assert found["stages.g"].message == (
        f"`retrieve` needs an encoder, but `{llama}` is a decoder (`llama`): its tokens see only "
        "those before them"
    )
    assert found["stages.g"].hint == (
        "stages that a decoder can be used in: `use`, `probe`, `align`"
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda folder: load_encoder(str(folder)),
        lambda folder: xlt.load(folder),
    ],
)
def test_commands_refuse_it_too(ask: Callable[[Path], object], llama: Path) -> None:
    with pytest.raises(UsageError, match=r"needs an encoder, but .* is a decoder \(`llama`\)"):
        ask(llama)


def test_it_is_not_exported_as_an_encoder(llama: Path, tmp_path: Path) -> None:
    arguments = ["artifact", "export", str(llama), "--to", "sentence-transformers"]
    found = CliRunner().invoke(cli, [*arguments, "--layer", "1", "--out", str(tmp_path / "e")])
    assert found.exit_code == 2
    assert "--to sentence-transformers needs an encoder" in found.output
    assert not (tmp_path / "e").exists()


def test_padding_has_a_token_where_the_tokenizer_names_none(llama: Path) -> None:
    tokenizer = load_tokenizer(resolve_backbone(str(llama), llama))
    assert (tokenizer.pad_token, tokenizer.eos_token) == ("</s>", "</s>")


def test_methods_that_it_cannot_have_are_refused(tmp_path: Path, llama: Path) -> None:
    text = "  a: {align: lex/en_de.tsv, layer: 1, method: prefix_tuning}\n"
    with pytest.raises(InvalidRecipeError, match="hides prefixes from its tokens"):
        recipe(tmp_path, llama, text)
