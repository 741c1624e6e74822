"""Words that are aligned at one layer."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.main import cli
from adapterxlt.errors import AdapterXLTError, InvalidRecipeError, MissingDataError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.models.base import load_base
from adapterxlt.models.build import Built, build_train, load
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import LoadedRecipe, load_recipe, load_text
from adapterxlt.recipe.schema import Training
from adapterxlt.store.store import Store
from adapterxlt.tasks.lexicon import Lexicon, key_of
from adapterxlt.training.align import align, assert_below
from adapterxlt.training.train import TrainReport
from adapterxlt.training.word_losses import infonce
from tests.stages.words import PAIRS, write_lexicon
from tests.training.test_resume import StoppedError, StoppingProgress

HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 3, batch_size: 8}}\n"
SETTINGS = Training(lr=0.01, max_steps=3, batch_size=4, seed=3, checkpoint_every=1)
LEXICON = Lexicon(
    tuple((de, en) for en, de in PAIRS), frozenset((key_of(de), key_of(en)) for en, de in PAIRS)
)


@pytest.fixture(scope="module")
def backbone(tiny_backbone: Path) -> Backbone:
    return resolve_backbone(str(tiny_backbone), Path.cwd())


def recipe(folder: Path, backbone: Path, stages: str) -> LoadedRecipe:
    write_lexicon(folder / "data" / "lex" / "en_de.tsv")
    path = folder / "r.yaml"
    text = HEAD.format(backbone=backbone) + "stages:\n" + stages
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, find_backbone=lambda name, base: resolve_backbone(name, base))


def run(loaded: LoadedRecipe, workdir: Path) -> RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run_recipe(loaded.recipe, workdir=workdir, sources=sources)


def weights(model: AdapterModel) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.named_parameters()}


def build(backbone: Backbone, method: str, layer: int) -> Built:
    from adapterxlt.methods.depth import only_below
    from adapterxlt.methods.parser import parse_method

    text = str(only_below(parse_method(method), layer, backbone.layers))
    return build_train(backbone, method=text, name="words", head=None, seed=3)


def go(
    built: Built, folder: Path, layer: int = 1, progress: StoppingProgress | None = None
) -> TrainReport:
    return align(
        built,
        LEXICON,
        SETTINGS,
        layer=layer,
        loss=partial(infonce, temperature=0.1),
        checkpoints=folder,
        progress=progress or Silent(),
        description="words",
    )


@pytest.mark.parametrize(
    "method",
    [
        "double_seq_bn_inv", "compacter[phm_dim=2,reduction_factor=8]", "lora", "vera", "ia3",
        "prefix_tuning", "prefix_tuning_flat", "prompt_tuning", "loreft", "mam", "unipelt",
    ],
)  # fmt: skip
def test_every_adapter_is_trained_below_the_layer_alone(
    method: str, backbone: Backbone, tmp_path: Path
) -> None:
    built = build(backbone, method, 1)
    trained = {key for key, value in built.model.named_parameters() if value.requires_grad}
    assert not [key for key in trained if "layer.1." in key]
    before = weights(built.model)
    report = go(built, tmp_path)
    assert report.steps == SETTINGS.max_steps
    after = weights(built.model)
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert changed <= trained
    pretrained = weights(load_base(backbone))
    assert all(torch.equal(after[key], pretrained[key]) for key in pretrained.keys() & after.keys())


def test_the_loss_falls_and_words_find_their_translations(
    backbone: Backbone, tmp_path: Path
) -> None:
    built = build(backbone, "lora[r=8,alpha=16]", 2)
    settings = SETTINGS.model_copy(update={"max_steps": 15, "batch_size": 20})
    first = []
    report = align(
        built,
        LEXICON,
        settings,
        layer=2,
        loss=lambda *sides: first.append(infonce(*sides, 0.1)) or first[-1],  # type: ignore[func-returns-value]
        checkpoints=tmp_path,
        progress=Silent(),
        description="words",
    )
    assert report.final_loss < 0.8 * float(first[0].detach()) / 20


def test_what_would_be_trained_above_is_refused(backbone: Backbone, tmp_path: Path) -> None:
    built = build_train(backbone, method="lora", name="words", head=None, seed=1)
    with pytest.raises(AdapterXLTError, match="tensors above layer 1 would be trained"):
        go(built, tmp_path)
    assert_below(built, 2)


def test_one_entry_is_too_few(backbone: Backbone, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="fewer than two entries"):
        align(
            build(backbone, "lora", 1),
            LEXICON.part([0]),
            SETTINGS,
            layer=1,
            loss=partial(infonce, temperature=0.1),
            checkpoints=tmp_path,
            progress=Silent(),
            description="words",
        )


def test_it_resumes_to_the_same_bits(backbone: Backbone, tmp_path: Path) -> None:
    whole = build(backbone, "lora[dropout=0.2]", 1)
    report = go(whole, tmp_path / "whole")
    with pytest.raises(StoppedError):
        go(build(backbone, "lora[dropout=0.2]", 1), tmp_path / "cut", 1, StoppingProgress(2))
    resumed, progress = build(backbone, "lora[dropout=0.2]", 1), StoppingProgress()
    assert go(resumed, tmp_path / "cut", 1, progress) == report
    assert "words: resuming at step 1 of 3" in progress.lines
    one, other = weights(whole.model), weights(resumed.model)
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


STAGES = """\
  lexical: {align: lex/en_de.tsv, layer: 1, held_out: 0.2, method: "lora[r=4]"}
  again: {align: lex/en_de.tsv, layer: 1, method: "lora[r=4]", after: lexical, loss: triplet}
  above: {align: lex/en_de.tsv, layer: 2, held_out: 0.2, method: seq_bn, stack_on: lexical}
"""


def test_a_recipe_aligns_and_goes_on(tmp_path: Path, tiny_backbone: Path) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES)
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    folder = done.outputs["lexical"]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["examples"] + metrics["held_out"] == len(PAIRS)
    assert metrics["held_out"] == 4
    backbone = resolve_backbone(str(tiny_backbone), tmp_path)
    built = load(backbone, folder)
    assert built.spec is not None
    assert built.spec.head is None
    assert built.spec.method == "lora[r=4,leave_out=[1]]"
    assert run(loaded, tmp_path / "work").done == []
    below = load(backbone, done.outputs["above"])
    assert below.spec is not None
    assert [adapter.method for adapter in below.spec.adapters] == [
        "lora[r=4,leave_out=[1]]",
        "seq_bn",
    ]


def test_it_travels_as_an_artifact(tmp_path: Path, tiny_backbone: Path) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES.splitlines(keepends=True)[0])
    assert not run(loaded, tmp_path / "work").failed
    name = f"{tmp_path / 'work'}:lexical"
    at = ["--backbone", str(tiny_backbone)]
    for arguments in (
        ["verify", name, *at],
        ["pack", name, "--out", str(tmp_path / "p.axlt")],
        ["show", str(tmp_path / "p.axlt")],
        ["export", name, "--to", "adapters", "--out", str(tmp_path / "a"), *at],
        ["export", name, "--to", "peft", "--out", str(tmp_path / "b"), *at],
    ):
        found = CliRunner().invoke(cli, ["artifact", *arguments])
        assert found.exit_code == 0, found.output
    text = f"name: r\nbackbone: {tiny_backbone}\ndata: data\nstages:\n  u: {{use: p.axlt}}\n"
    (tmp_path / "use.yaml").write_text(text + "  w: {probe: [none, u], on: lex/en_de.tsv}\n")
    used = load_recipe(
        tmp_path / "use.yaml",
        look=True,
        find_backbone=lambda name, base: resolve_backbone(name, base),
    )
    sources = resolve_sources(used.recipe, used.base, used=used.used)
    plan = make_plan(used.recipe, Store(tmp_path / "w2"), sources)
    probed = [planned.step for planned in plan.steps if planned.step.kind == "probe"]
    assert {str(step.params["held_out"]) for step in probed} == {
        "[{'held_out': 0.2, 'split_seed': 1}]"
    }


def told(text: str) -> list[str]:
    body = dedent(text).strip("\n")
    lines = "".join(f"  {line}\n" for line in body.splitlines())
    try:
        load_text(
            "name: r\nstages:\n" + lines,
        )
    except InvalidRecipeError as error:
        return [f"{p.path}: {p.message}" for p in error.problems]
    return []


@pytest.mark.parametrize(
    ("stage", "problem"),
    [
        ("{align: words.tsv, layer: 1}", "the name `words.tsv` does not tell its languages"),
        ("{align: ../en_de.tsv, layer: 1}", "stages.a.align: `../en_de.tsv` is not a path inside"),
        ("{align: mnli, layer: 1}", "stages.a.align: `mnli` has the name `mnli`, which belongs"),
        ("{align: gone, layer: 1}", "stages.a.align: there is no lexicon `gone`"),
        ("{align: en_de.tsv, layer: 0}", "stages.a.layer: "),
        ("{align: en_de.tsv}", "stages.a.layer: is missing"),
        (
            "{align: en_de.tsv, layer: 1, method: full}",
            "stages.a.method: `full` also trains backbone weights",
        ),
        (
            "{align: en_de.tsv, layer: 1, margin: 0.1}",
            "stages.a.margin: is not a setting of `loss:",
        ),
        ("{align: en_de.tsv, layer: 1, keep: best}", "stages.a.keep: is not a setting of `align`"),
        ("{align: en_de.tsv, layer: 1, batch_size: 1}", "stages.a.batch_size: the loss compares"),
        ("{align: en_de.tsv, layer: 1, after: b}", "stages.a.after: there is no stage `b`"),
        ("{align: en_de.tsv, layer: 1, language: [de, fr]}", "stages.a.language: a lexicon has"),
    ],
)
def test_what_is_refused(stage: str, problem: str) -> None:
    assert any(problem in line for line in told(f"a: {stage}")), told(f"a: {stage}")


def test_two_files_of_one_name_are_refused() -> None:
    found = told(
        """
        a: {align: x/en_de.tsv, layer: 1}
        b: {align: x_en/de.tsv, layer: 1, language: de}
        """
    )
    assert any("has the name `x_en_de`" in line for line in found)


def test_it_has_no_head_to_be_evaluated() -> None:
    found = told(
        """
        a: {align: en_de.tsv, layer: 1}
        b: {evaluate: [a], on: pawsx}
        """
    )
    assert found == [
        "stages.b.evaluate[0]: `a` has no head: it was aligned on words, not trained on a task"
    ]


@pytest.mark.parametrize("key", ["after", "stack_on"])
def test_it_cannot_stand_on_language_adapters(key: str) -> None:
    found = told(
        f"""
        lang_en: {{train: {{task: mlm, language: en}}, method: seq_bn_inv}}
        madx: {{train: pawsx, language_adapters: "lang_{{language}}"}}
        a: {{align: en_de.tsv, layer: 1, method: seq_bn, {key}: madx}}
        b: {{probe: a, on: en_de.tsv}}
        """
    )
    assert found == [
        f"stages.a.{key}: `madx` stands on language adapters, but a lexicon has words of two "
        "languages, and alignment does not swap adapters"
    ]


def test_a_fusion_of_alignments_is_refused_once(tmp_path: Path, tiny_backbone: Path) -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        recipe(
            tmp_path,
            tiny_backbone,
            "  a: {align: lex/en_de.tsv, layer: 1}\n"
            "  b: {align: lex/en_de.tsv, layer: 1, seed: 2}\n"
            "  c: {fuse: [a, b], train: pawsx}\n",
        )
    (problem,) = caught.value.problems
    assert problem.path == "stages.c.fuse"
    assert "not `lora[r=16,alpha=32,leave_out=[1]]`" in problem.message


def test_layers_are_checked_against_the_backbone(tmp_path: Path, tiny_backbone: Path) -> None:
    with pytest.raises(InvalidRecipeError) as caught:
        recipe(
            tmp_path,
            tiny_backbone,
            "  a: {align: lex/en_de.tsv, layer: 3}\n"
            '  b: {align: lex/en_de.tsv, layer: 1, method: "lora[r=4]"}\n'
            '  c: {align: lex/en_de.tsv, layer: 2, method: "lora[r=4]", after: b}\n'
            '  d: {train: pawsx, method: "lora[r=4]", after: b}\n',
        )
    found = [f"{p.path}: {p.message}" for p in caught.value.problems]
    assert found == [
        "stages.a.layer: there is no layer 3",
        (
            "stages.c.after: `b` is `lora[r=4,leave_out=[1]]`, and `lora[r=4]` cannot "
            "continue from its weights"
        ),
        (
            "stages.d.after: `b` is `lora[r=4,leave_out=[1]]`, and `lora[r=4]` cannot "
            "continue from its weights"
        ),
    ]


def test_the_content_of_the_lexicon_is_in_the_address(tmp_path: Path, tiny_backbone: Path) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES.splitlines(keepends=True)[0])
    sources = resolve_sources(loaded.recipe, loaded.base)
    store = Store(tmp_path / "store")
    (one,) = make_plan(loaded.recipe, store, sources).steps
    with (tmp_path / "data" / "lex" / "en_de.tsv").open("a") as file:
        file.write("one\teins\n")
    (other,) = make_plan(loaded.recipe, store, sources).steps
    assert one.fingerprint != other.fingerprint
    (tmp_path / "data" / "lex" / "en_de.tsv").unlink()
    with pytest.raises(MissingDataError, match="no train data of `lex_en_de` in language `de`"):
        make_plan(loaded.recipe, store, sources)
