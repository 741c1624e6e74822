"""What goes on from a model with language adapters, fuses it, or trains in several languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from adapterxlt.models import tensors
from adapterxlt.models.base import load_tokenizer
from adapterxlt.models.build import Built, load
from adapterxlt.models.speak import load_speaking
from adapterxlt.models.spec import FuseSetup, StackSetup, setup_fusions, setup_names
from adapterxlt.sharing.facts import stands_on
from adapterxlt.stages.training import dev
from adapterxlt.store.manifest import read_manifest
from adapterxlt.training.trainer import StepTrainer
from tests.models.conftest import logits
from tests.stages.language_bench import LANGUAGES, MADX, SPARSE, Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Bench:
    torch.set_num_threads(1)
    return Bench(tmp_path_factory.mktemp("languages"), tiny_backbone)


IDS = torch.randint(4, 300, (3, 9), generator=torch.Generator().manual_seed(0))


def test_what_goes_on_stands_on_the_language_of_its_own_training(bench: Bench) -> None:
    text = (
        LANGUAGES
        + MADX
        + (
            "  few: {train: {task: pawsx, language: de, split: dev}, after: madx}\n"
            "  over: {train: {task: pawsx, language: de, split: dev}, stack_on: madx}\n"
            "  more: {train: pawsx, after: madx}\n"
            "  scores: {evaluate: [few, over, more], on: pawsx, languages: [en, de]}\n"
        )
    )
    done, plan = bench.run(text), bench.plan(text)
    assert plan.by_id("few").step.inputs == ("madx", "lang_de")
    assert plan.by_id("more").step.inputs == ("madx",)
    assert plan.by_id("scores/few/pawsx").step.params["language_adapters"] == {"de": 0, "en": 1}
    assert {row.language_adapter for row in done.rows} == {"en", "de"}
    for name, count in (("few", 1), ("over", 2)):
        inside = sorted((bench.artifact(plan, name) / "adapters").iterdir())
        assert len(inside) == count
        german = load_file(bench.artifact(plan, "lang_de") / "adapter.safetensors")
        kept = next(folder for folder in inside if folder.name.startswith("mlm_"))
        found = load_file(kept / "adapter.safetensors")
        assert german.keys() == found.keys()
        assert all(torch.equal(german[key], found[key]) for key in german)


def test_a_fusion_stands_on_the_language_and_on_no_order(bench: Bench) -> None:
    head = (
        LANGUAGES
        + MADX
        + ('  other: {train: pawsx, language_adapters: "lang_{language}", seed: 2}\n')
    )
    text = head + (
        "  fused: {fuse: [madx, other], train: pawsx}\n"
        "  scores: {evaluate: fused, on: pawsx, languages: [en, de]}\n"
    )
    turned = head + "  fused: {fuse: [other, madx], train: pawsx}\n"
    done, plan = bench.run(text), bench.plan(text)
    assert {row.language_adapter for row in done.rows} == {"en", "de"}
    *members, below = plan.by_id("fused").step.inputs
    assert members == sorted(("madx", "other"), key=lambda name: plan.by_id(name).fingerprint)
    assert below == "lang_en"
    assert bench.plan(turned).by_id("fused").fingerprint == plan.by_id("fused").fingerprint
    row = next(row for row in done.rows if row.main)
    assert row.lineage.count("fuse(") == 1
    artifact = bench.artifact(plan, "fused")
    own = logits(load(bench.backbone, artifact), IDS)
    german = bench.artifact(plan, "lang_de")
    spoken = load_speaking(bench.backbone, artifact, language=german)
    assert float((own - logits(spoken, IDS)).abs().max()) > 1e-4
    assert spoken.spec is not None
    (fused,) = setup_fusions(spoken.spec.setup or "")
    assert spoken.model.adapters_config.active_setup is not None
    members = {bench.artifact(plan, name) for name in ("madx", "other")}
    for folder in members:
        trained = load_file(folder / "adapter.safetensors")
        name = next(iter(trained)).partition("adapters.")[2].partition(".")[0]
        assert name in fused.fuse
        kept = load_file(artifact / "adapters" / name / "adapter.safetensors")
        assert all(torch.equal(trained[key], kept[key]) for key in trained)


def test_a_fusion_in_several_languages_stands_on_the_adapter_of_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        LANGUAGES
        + MADX
        + '  other: {train: pawsx, language_adapters: "lang_{language}", seed: 2}\n'
        "  fused:\n    fuse: [other, madx]\n    max_steps: 6\n"
        "    train: {task: pawsx, language: [en, de], split: dev}\n"
        "  scores: {evaluate: fused, on: pawsx, languages: [en, de]}\n"
    )
    lowest: list[str] = []

    def watched(trainer: Any, model: Any, inputs: Any, *more: Any, **others: Any) -> Any:
        if model.adapters_config.fusions:
            lowest.append(str(model.adapters_config.active_setup[0]))
        return compute_loss(trainer, model, inputs, *more, **others)

    compute_loss = StepTrainer.compute_loss
    monkeypatch.setattr(StepTrainer, "compute_loss", watched)
    done, plan = bench.run(text), bench.plan(text)
    step = plan.by_id("fused").step
    assert (step.inputs[2:], step.params["spoken"]) == (("lang_en", "lang_de"), {"de": 0})
    names = {code: f"mlm_{plan.by_id(f'lang_{code}').fingerprint[:8]}" for code in ("en", "de")}
    assert set(lowest) == set(names.values())
    rows = [row for row in done.rows if row.main]
    assert {(row.language, row.language_adapter) for row in rows} == {("en", "en"), ("de", "de")}
    assert rows[0].lineage.endswith("(fusion, proportional, each language on its own)")
    assert rows[0].lineage.count("fuse(") == 1
    artifact = bench.artifact(plan, "fused")
    spec = load(bench.backbone, artifact).spec
    assert spec is not None
    assert next(setup_names(spec.setup or "")) == names["en"]
    own = stands_on(read_manifest(artifact))
    assert own is not None
    assert own["fingerprint"] == plan.by_id("lang_en").fingerprint


def test_stacks_on_language_adapters_are_fused(bench: Bench) -> None:
    text = (
        LANGUAGES + MADX + "  one: {train: pawsx, stack_on: madx}\n"
        "  two: {train: {task: pawsx, language: de, split: dev}, stack_on: madx}\n"
        "  fused: {fuse: [one, two], train: pawsx}\n"
        "  over: {train: pawsx, stack_on: fused}\n"
        "  scores: {evaluate: [fused, over], on: pawsx, languages: [en, de]}\n"
    )
    done, plan = bench.run(text), bench.plan(text)
    rows = [row for row in done.rows if row.main]
    assert {row.language_adapter for row in rows} == {"en", "de"}
    spec = load(bench.backbone, bench.artifact(plan, "fused")).spec
    assert spec is not None
    assert isinstance(spec.setup, StackSetup)
    lowest, below, top = spec.setup.stack
    address = {name: plan.by_id(name).fingerprint[:8] for name in ("lang_en", "madx")}
    assert (lowest, below) == (f"mlm_{address['lang_en']}", f"pawsx_{address['madx']}")
    assert isinstance(top, FuseSetup)


def test_a_fusion_over_weights_of_the_backbone_takes_those_of_each_language(bench: Bench) -> None:
    own = 'language_adapters: "sparse_{language}"'
    text = (
        SPARSE + f"  one: {{train: pawsx, {own}}}\n  two: {{train: pawsx, seed: 2, {own}}}\n"
        "  fused: {fuse: [one, two], train: pawsx}\n"
        "  scores: {evaluate: fused, on: pawsx, languages: [en, de]}\n"
    )
    done, plan = bench.run(text), bench.plan(text)
    assert {row.language_adapter for row in done.rows if row.main} == {"en", "de"}
    assert "language_adapter" not in plan.by_id("fused").step.params
    fused, english, german = (
        bench.artifact(plan, name) for name in ("fused", "sparse_en", "sparse_de")
    )
    belongs = tensors.of_backbone(bench.backbone.architecture)

    def weights(built: Built) -> dict[str, Tensor]:
        return tensors.select(built.model, belongs)

    swapped = load_speaking(bench.backbone, fused, language=german, source=english)
    wanted = weights(load(bench.backbone, german))
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in weights(swapped).items())
    own_weights = weights(load(bench.backbone, fused))
    assert not all(torch.equal(tensor, wanted[name]) for name, tensor in own_weights.items())


def test_each_step_of_several_languages_stands_on_its_own(
    tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, tiny_backbone)
    for name, word in {"dev-en": "dog", "dev-de": "Hund", "train-en": "dog"}.items():
        lines = [f"A {word} {n}.\tB {word} {n * n}.\t{n % 2}\n" for n in range(6)]
        (tmp_path / "data" / "pawsx" / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    steps: list[tuple[str, str]] = []
    scored: list[tuple[str, str]] = []
    heads: set[tuple[str, str]] = set()
    tokenizer = load_tokenizer(bench.backbone)

    def lowest(model: Any) -> str:
        return str(model.adapters_config.active_setup[0])

    def watched(trainer: Any, model: Any, inputs: Any, *more: Any, **others: Any) -> Any:
        if trainer._kind == "mlm":
            return compute_loss(trainer, model, inputs, *more, **others)
        text = tokenizer.decode(inputs["input_ids"][0])
        steps.append(("de" if "Hund" in text else "en", lowest(model)))
        heads.add((trainer._kind, model.heads[model.active_head].config["head_type"]))
        return compute_loss(trainer, model, inputs, *more, **others)

    def scored_on_dev(built: Any, task: Any, part: Any, *more: Any) -> Any:
        scored.append((part.language, lowest(built.model)))
        return score_on_dev(built, task, part, *more)

    compute_loss, score_on_dev = StepTrainer.compute_loss, dev.score_on_dev
    monkeypatch.setattr(StepTrainer, "compute_loss", watched)
    monkeypatch.setattr(dev, "score_on_dev", scored_on_dev)
    text = LANGUAGES + (
        "  both:\n    train: {task: pawsx, language: [en, de], split: dev}\n"
        '    language_adapters: "lang_{language}"\n    max_steps: 8\n    checkpoint_every: 3\n'
        "  best:\n    train: [{task: pawsx, language: en}, {task: udpos, language: de}]\n"
        '    language_adapters: "lang_{language}"\n    keep: best\n'
        "  more: {train: pawsx, language: de, split: dev, after: both}\n"
        "  scores: {evaluate: [both, more], on: pawsx, languages: [en, de]}\n"
    )
    tags = tmp_path / "data" / "udpos"
    tags.mkdir()
    for split in ("train", "dev"):
        (tags / f"{split}-de.tsv").write_text("Hund\tNOUN\nschläft\tVERB\n\n" * 6, "utf-8")
    done, plan = bench.run(text), bench.plan(text)
    names = {code: f"mlm_{plan.by_id(f'lang_{code}').fingerprint[:8]}" for code in ("en", "de")}
    assert {language for language, _ in steps} == {"en", "de"}
    assert set(steps) == set(names.items())
    assert heads == {("pair_classification", "classification"), ("tagging", "tagging")}
    assert set(scored) == set(names.items())
    both = plan.by_id("both").step
    assert (both.inputs, both.params["spoken"]) == (("lang_en", "lang_de"), {"de": 0})
    assert plan.by_id("more").step.inputs == ("both", "lang_de")
    rows = {(row.model, row.language): row for row in done.rows if row.main}
    assert {key: row.language_adapter for key, row in rows.items()} == {
        (model, code): code for model in ("both", "more") for code in ("en", "de")
    }
    assert rows["both", "en"].trained_in == ("en", "de")
    assert rows["both", "en"].lineage.endswith(
        "> pawsx(en, de) (seq_bn, proportional, stacked, each language on its own)"
    )
    # The artifact has the first language's adapter, and both were left as they were.
    folder = bench.artifact(plan, "both")
    assert [path.name for path in (folder / "adapters").iterdir()] == [names["en"]]
    spec = load(bench.backbone, folder).spec
    assert spec is not None
    assert next(setup_names(spec.setup or "")) == names["en"]
    trained = load_file(bench.artifact(plan, "lang_en") / "adapter.safetensors")
    kept = load_file(folder / "adapters" / names["en"] / "adapter.safetensors")
    assert all(torch.equal(trained[key], kept[key]) for key in trained)


def test_members_are_trained_on_where_it_is_said(bench: Bench) -> None:
    text = (
        "  one: {train: pawsx}\n  two: {train: pawsx, seed: 2}\n"
        "  fused: {fuse: [one, two], train: pawsx, train_members: true}\n"
        "  still: {fuse: [one, two], train: pawsx}\n"
    )
    bench.run(text)
    plan = bench.plan(text)
    assert "train_members" not in plan.by_id("still").step.params
    for stage, same in (("still", True), ("fused", False)):
        for member in ("one", "two"):
            before = load_file(bench.artifact(plan, member) / "adapter.safetensors")
            name = f"pawsx_{plan.by_id(member).fingerprint[:8]}"
            place = bench.artifact(plan, stage) / "adapters" / name / "adapter.safetensors"
            after = load_file(place)
            assert all(torch.equal(before[key], after[key]) for key in before) is same
