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

from adapterxlt.execution.run import run_recipe
from adapterxlt.models.build import load
from adapterxlt.models.speak import load_speaking
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.costs import read_costs
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.sharing.facts import stands_on
from adapterxlt.sharing.make import make_artifact
from adapterxlt.sharing.scores import scores_in
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.vectors.encode import encode_sentences
from tests.models.conftest import logits
from tests.stages.language_bench import HEAD, LANGUAGES, MADX, SPARSE, Bench
from tests.tiny import SENTENCES


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
    costs = {cost.step: cost for cost in read_costs(bench.work)}
    for model in ("none", "madx"):  # the texts of both sides
        assert costs[f"search/{model}/tatoeba"].queries == 10
        assert costs[f"search/{model}/tatoeba"].query_seconds
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
