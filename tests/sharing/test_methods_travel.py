"""What each family of methods and each kind of stage trained, packed and unpacked elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapterxlt.models.build import Built, load
from adapterxlt.models.reference import outputs
from adapterxlt.models.speak import load_speaking
from adapterxlt.sharing.source import open_source
from adapterxlt.sharing.transport import pack, prepared, take_in
from adapterxlt.store.store import Store
from tests.stages.language_bench import LANGUAGES, MADX, SPARSE, Bench
from tests.stages.words import write_lexicon

FAMILIES = {
    "double": "double_seq_bn", "parallel": "scaled_par_bn", "normed": "seq_bn[ln_before=true]",
    "products": "compacter[reduction_factor=4]", "vera": "vera", "scales": "ia3",
    "tasks": "mtl_lora",
    "prefix": "prefix_tuning", "flat": "prefix_tuning_flat", "prompt": "prompt_tuning",
    "edits": "loreft", "direct": "direft", "mam": "mam", "unipelt": "unipelt",
    "biases": "bitfit", "sparse": "sft[density=0.1]", "upper": "full[freeze=1]", "bare": "head",
}  # fmt: skip
KINDS = """
  low: {train: pawsx, method: "lora[r=2]"}
  lower: {train: pawsx, method: "lora[r=3]", seed: 2}
  headed: {train: pawsx, method: head, after: edits}
  on_biases: {train: pawsx, method: seq_bn, after: biases}
  over: {train: pawsx, method: "lora[r=2]", stack_on: prompt}
  merged: {merge: [low, lower], rank: 2}
  sums: {merge: [sparse, biases], weights: [1, 1], head: sparse}
  edited: {merge: [edits, edits_too], how: average}
  edits_too: {train: pawsx, method: loreft, seed: 2}
  aligned: {align: lex/en_de.tsv, layer: 2, method: "lora[r=4]"}
  from_words: {train: pawsx, method: "lora[r=4]", after: aligned}
  texts: {train: [pawsx, {task: mlm, language: all, weight: 0.4}], method: seq_bn}
  other: {train: pawsx, language_adapters: "lang_{language}", no_language_adapter: source, seed: 2}
  fused: {fuse: [madx, other], train: pawsx}
  mean: {merge: [madx, other]}
  high: {train: pawsx, stack_on: madx}
  higher: {train: pawsx, stack_on: madx, seed: 2}
  spoken: {fuse: [high, higher], train: {task: pawsx, language: [en, de], split: dev}}
  on_mean: {train: pawsx, after: mean}
  added: {train: pawsx, method: "sft[density=0.1]", language_adapters: "sparse_{language}",
          no_language_adapter: none}
"""
TEXT = (
    "".join(f'  {key}: {{train: pawsx, method: "{text}"}}\n' for key, text in FAMILIES.items())
    + KINDS + LANGUAGES + SPARSE + MADX
)  # fmt: skip
STAGES = [line.split(":")[0].strip() for line in TEXT.splitlines() if line and line[2] != " "]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Bench:
    """A folder in which each of the stages was trained."""
    torch.set_num_threads(1)
    bench = Bench(tmp_path_factory.mktemp("travel"), tiny_backbone)
    write_lexicon(bench.folder / "data" / "lex" / "en_de.tsv")
    bench.run(TEXT)
    return bench


@pytest.fixture(scope="module")
def here(bench: Bench) -> dict[str, Path]:
    """The entries of the stages in the store that they were trained in."""
    plan = bench.plan(TEXT)
    return {name: bench.artifact(plan, name) for name in STAGES}


@pytest.fixture(scope="module")
def elsewhere(
    bench: Bench, here: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The stages in another store, each through a file."""
    root = tmp_path_factory.mktemp("elsewhere")
    folders = {}
    for name, folder in here.items():
        with prepared(folder, backbone=str(bench.path)) as (source, _):
            pack(source, root / f"{name}.axlt")
        taken = take_in(
            open_source(root / f"{name}.axlt"), Store(root / "store"), backbone=bench.backbone
        )
        assert taken.loaded
        folders[name] = taken.folder
    return folders


def same(one: Built, two: Built) -> bool:
    """Whether both give the same bits."""
    ids = torch.randint(4, 300, (2, 9), generator=torch.Generator().manual_seed(0))
    first, second = outputs(one, ids), outputs(two, ids)
    assert first
    assert first.keys() == second.keys()
    return all(value.equal(second[name]) for name, value in first.items())


@pytest.mark.parametrize("name", STAGES)
def test_it_gives_the_same_outputs_elsewhere(
    bench: Bench, here: dict[str, Path], elsewhere: dict[str, Path], name: str
) -> None:
    assert elsewhere[name].name == here[name].name  # the address
    assert elsewhere[name].parents[1] != here[name].parents[1]
    assert same(load(bench.backbone, elsewhere[name]), load(bench.backbone, here[name]))


@pytest.mark.parametrize("language", ["lang_de", None])
@pytest.mark.parametrize("model", ["madx", "fused", "mean", "spoken", "on_mean"])
def test_its_language_is_exchanged_elsewhere(
    bench: Bench,
    here: dict[str, Path],
    elsewhere: dict[str, Path],
    model: str,
    language: str | None,
) -> None:
    there, before = (
        load_speaking(
            bench.backbone, folders[model], language=folders[language] if language else None
        )
        for folders in (elsewhere, here)
    )
    assert same(there, before)
    assert not same(there, load(bench.backbone, here[model]))


def test_a_difference_is_added_to_another_language_elsewhere(
    bench: Bench, here: dict[str, Path], elsewhere: dict[str, Path]
) -> None:
    there, before = (
        load_speaking(
            bench.backbone,
            folders["added"],
            language=folders["sparse_de"],
            source=folders["sparse_en"],
        )
        for folders in (elsewhere, here)
    )
    assert same(there, before)
    assert not same(there, load(bench.backbone, here["added"]))
