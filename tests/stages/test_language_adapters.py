"""Task adapters on language adapters: trained on one language's, measured on each one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import adapters.composition as ac
import pytest
import torch
from adapters import AutoAdapterModel
from safetensors.torch import load_file

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.models.base import load_tokenizer
from adapterxlt.models.build import load
from adapterxlt.models.speak import load_speaking
from adapterxlt.models.spec import setup_fusions, setup_names
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import Plan
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.sharing.facts import stands_on
from adapterxlt.sharing.make import make_artifact
from adapterxlt.sharing.scores import scores_in
from adapterxlt.stages.training import dev
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.training.trainer import StepTrainer
from adapterxlt.vectors.encode import encode_sentences
from tests.models.conftest import logits
from tests.tiny import SENTENCES

HEAD = "name: r\nbackbone: {backbone}\ndata: data\ntraining: {{max_steps: 2, lr: 0.05}}\nstages:\n"
LANGUAGES = """
  lang_en: {train: {task: mlm, language: en}, method: "seq_bn_inv[leave_out=[-1]]"}
  lang_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
"""
SPARSE = """
  sparse_en: {train: {task: mlm, language: en}, method: "sft[density=0.2]"}
  sparse_de: {train: {task: mlm, language: de}, method: "sft[density=0.2]"}
"""
MADX = """
  madx: {train: pawsx, language_adapters: "lang_{language}", no_language_adapter: source}
"""


class Bench:
    """A folder with a little data, in which recipes are run one after the other."""

    def __init__(self, folder: Path, backbone: Path) -> None:
        self.folder, self.path = folder, backbone
        for language, texts in {"en": SENTENCES[:12], "de": SENTENCES[12:17]}.items():
            (folder / "data" / "mlm").mkdir(parents=True, exist_ok=True)
            text = "\n".join(texts * 2)
            (folder / "data" / "mlm" / f"{language}.txt").write_text(text, encoding="utf-8")
        (folder / "data" / "tatoeba").mkdir()
        for code, texts in {"de": SENTENCES[12:17], "en": SENTENCES[:5]}.items():
            file = folder / "data" / "tatoeba" / f"de-en.{code}"
            file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        pairs = folder / "data" / "pawsx"
        pairs.mkdir()
        for name in ("train-en", "dev-en", "dev-de", "dev-fr"):
            lines = [f"A {n} {name[0]}.\tB {n * n} a.\t{n % 2}\n" for n in range(6)]
            (pairs / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")

    def recipe(self, text: str) -> LoadedRecipe:
        path = self.folder / "r.yaml"
        path.write_text(HEAD.format(backbone=self.path) + text, encoding="utf-8")
        return load_recipe(path)

    def plan(self, text: str) -> Plan:
        loaded = self.recipe(text)
        sources = resolve_sources(loaded.recipe, loaded.base)
        return make_plan(loaded.recipe, Store(self.work / STORE_FOLDER), sources)

    def run(self, text: str) -> RunResult:
        loaded = self.recipe(text)
        sources = resolve_sources(loaded.recipe, loaded.base)
        done = run_recipe(loaded.recipe, workdir=self.work, sources=sources)
        assert not done.failed
        return done

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def artifact(self, plan: Plan, step: str) -> Path:
        return Store(self.work / STORE_FOLDER).path(plan.by_id(step).fingerprint)

    @property
    def backbone(self) -> Backbone:
        return inspect_backbone("tiny", self.path)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Bench:
    torch.set_num_threads(1)
    return Bench(tmp_path_factory.mktemp("languages"), tiny_backbone)


IDS = torch.randint(4, 300, (3, 9), generator=torch.Generator().manual_seed(0))


def test_each_language_is_measured_with_its_own(bench: Bench) -> None:
    text = LANGUAGES + MADX + "  scores: {evaluate: madx, on: pawsx}\n"
    done, plan = bench.run(text), bench.plan(text)
    rows = {row.language: row for row in done.rows if row.main}
    assert {code: row.language_adapter for code, row in rows.items()} == {
        "en": "en",
        "de": "de",
        "fr": "en",
    }
    cell = plan.by_id("scores/madx/pawsx")
    assert cell.step.inputs == ("madx", "lang_de")  # that of English is part of the model
    assert cell.step.params["language_adapters"] == {"de": 1, "en": 0, "fr": "en"}
    blocks = read_outcomes(bench.artifact(plan, cell.step.id))
    assert {block.language: block.language_adapter for block in blocks or []} == {
        "en": "en",
        "de": "de",
        "fr": "en",
    }
    kept = json.loads((bench.work / "results.json").read_text(encoding="utf-8"))["rows"]
    assert {row["language_adapter"] for row in kept} == {"en", "de"}

    # Below it is what `stack_on` would put there, bit by bit.
    artifact = bench.artifact(plan, "madx")
    for name in ("lang_en", "lang_de"):
        assert plan.by_id(name).step.kind == "train"
    trained = load_file(bench.artifact(plan, "lang_en") / "adapter.safetensors")
    (inside,) = (artifact / "adapters").iterdir()
    assert {key: value.tolist() for key, value in trained.items()} == {
        key: value.tolist() for key, value in load_file(inside / "adapter.safetensors").items()
    }
    alone = bench.plan(LANGUAGES + "  x: {train: pawsx, stack_on: lang_en}\n")
    assert alone.by_id("x").fingerprint == plan.by_id("madx").fingerprint


def test_it_is_what_adapters_makes_of_the_same_files(bench: Bench) -> None:
    """`Stack(language, task)` by hand."""
    text = LANGUAGES + MADX
    plan = bench.plan(text)
    artifact, german = bench.artifact(plan, "madx"), bench.artifact(plan, "lang_de")
    model: Any = AutoAdapterModel.from_pretrained(bench.path)
    for head in list(model.heads):
        model.delete_head(head)
    task = model.load_adapter(str(artifact), use_safetensors=True)
    language = model.load_adapter(str(german), use_safetensors=True, with_head=False)
    model.set_active_adapters(ac.Stack(language, task))
    model.active_head = task
    model.eval()
    with torch.no_grad():
        by_hand = model(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits
        model.set_active_adapters(ac.Stack(task))
        model.active_head = task
        without = model(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits
    spoken = logits(load_speaking(bench.backbone, artifact, language=german), IDS)
    assert torch.allclose(spoken, by_hand, atol=1e-5)
    bare = logits(load_speaking(bench.backbone, artifact, language=None), IDS)
    assert torch.allclose(bare, without, atol=1e-5)
    own = logits(load(bench.backbone, artifact), IDS)
    assert all(float((own - other).abs().max()) > 1e-4 for other in (spoken, bare))


def test_a_sparse_fine_tune_is_added_to_each_language(bench: Bench) -> None:
    text = SPARSE + (
        '  task: {train: pawsx, method: "sft[density=0.1]", '
        'language_adapters: "sparse_{language}", no_language_adapter: none}\n'
        "  scores: {evaluate: task, on: pawsx, languages: [en, de, fr]}\n"
    )
    done, plan = bench.run(text), bench.plan(text)
    assert {row.language: row.language_adapter for row in done.rows if row.main} == {
        "en": "en",
        "de": "de",
        "fr": "none",
    }
    cell = plan.by_id("scores/task/pawsx").step
    assert cell.inputs == ("task", "sparse_de", "sparse_en")
    artifact, german, english = (
        bench.artifact(plan, name) for name in ("task", "sparse_de", "sparse_en")
    )

    def weights(built: Any) -> dict[str, torch.Tensor]:
        return {
            name: tensor
            for name, tensor in built.model.state_dict().items()
            if name.startswith("roberta.")
        }

    both = weights(load_speaking(bench.backbone, artifact, language=german, source=english))
    bare = weights(load_speaking(bench.backbone, artifact, language=None, source=english))
    task, de, en, base = (
        weights(load(bench.backbone, folder)) for folder in (artifact, german, english, None)
    )
    assert any(not torch.equal(de[name], base[name]) for name in base)
    for name, tensor in both.items():
        assert torch.allclose(tensor, de[name] + (task[name] - en[name]), atol=1e-6)
        same = task[name] == en[name]
        assert torch.equal(tensor[same], de[name][same])
        assert torch.allclose(bare[name], base[name] + (task[name] - en[name]), atol=1e-6)


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


def test_each_side_is_encoded_in_its_own_language(bench: Bench) -> None:
    text = (
        LANGUAGES
        + MADX
        + (
            "  search: {retrieve: [none, madx], on: tatoeba, languages: de, layers: 2, "
            'language_adapters: "lang_{language}"}\n'
        )
    )
    done, plan = bench.run(text), bench.plan(text)
    assert {(row.model, row.language_adapter) for row in done.rows} == {
        ("none", "de"),
        ("madx", "de"),
    }
    alone = plan.by_id("search/none/tatoeba").step
    assert alone.inputs == ("lang_de", "lang_en")
    assert alone.model is None
    assert plan.by_id("search/madx/tatoeba").step.inputs == ("madx", "lang_de")
    artifacts = {name: bench.artifact(plan, f"lang_{name}") for name in ("de", "en")}
    german, english = (SENTENCES[12:17], SENTENCES[:5])

    def vectors(built: Any, texts: list[str]) -> torch.Tensor:
        found = encode_sentences(
            built, texts, layers=[2], pooling="mean", max_length=64, token_budget=999,
            progress=Silent(),
        )  # fmt: skip
        return torch.from_numpy(found[2])

    found = {row.model: row.value for row in done.rows if row.metric == "accuracy_xx_en"}
    sides = [
        vectors(load(bench.backbone, artifacts[name]), texts)
        for name, texts in (("de", german), ("en", english))
    ]
    unit = [side / side.norm(dim=1, keepdim=True) for side in sides]
    nearest = (unit[0] @ unit[1].T).argmax(dim=1)
    assert found["none"] == pytest.approx(float((nearest == torch.arange(5)).float().mean()) * 100)


def test_what_was_trained_elsewhere_is_swapped_too(bench: Bench) -> None:
    bench.run(LANGUAGES + MADX)
    text = LANGUAGES + (
        "  shared: {use: 'work:madx', language_adapters: {de: lang_de, en: lang_en}}\n"
        "  scores: {evaluate: shared, on: pawsx, languages: [en, de]}\n"
    )
    path = bench.folder / "r.yaml"
    path.write_text(HEAD.format(backbone=bench.path) + text, encoding="utf-8")
    loaded = load_recipe(path, look=True, find_backbone=lambda name, base: bench.backbone)
    sources = resolve_sources(loaded.recipe, loaded.base, bench.backbone, loaded.used)
    done = run_recipe(loaded.recipe, workdir=bench.folder / "other", sources=sources)
    assert not done.failed
    rows = {row.language: row for row in done.rows if row.main}
    there = bench.run(LANGUAGES + MADX + "  scores: {evaluate: madx, on: pawsx}\n")
    for row in there.rows:
        if row.main and row.language in rows:
            assert (row.value, row.language_adapter) == (
                rows[row.language].value,
                rows[row.language].language_adapter,
            )


def test_its_card_says_whose_adapters_there_are(bench: Bench) -> None:
    text = LANGUAGES + MADX + "  scores: {evaluate: madx, on: pawsx}\n"
    bench.run(text)
    plan = bench.plan(text)
    store = Store(bench.work / STORE_FOLDER)
    address = {name: plan.by_id(name).fingerprint for name in ("madx", "lang_en", "lang_de")}
    scores = scores_in(store, address["madx"])
    assert {(score["language"], score["language_adapter"]) for score in scores} == {
        ("en", "en"), ("de", "de"), ("fr", "en"),
    }  # fmt: skip
    manifest = store.get(address["madx"])
    assert manifest is not None
    below = stands_on(manifest)
    assert below is not None
    assert below["fingerprint"] == address["lang_en"]
    folder = bench.folder / "artifact"
    make_artifact(bench.artifact(plan, "madx"), folder, bench.backbone)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f", {address['lang_en'][:16]} |" in card
    assert f"| measured with those of | de {address['lang_de'][:16]} (artifacts of" in card
