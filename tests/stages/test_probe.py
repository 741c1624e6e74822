"""Words are probed layer by layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapterxlt.execution.leaks import find_leaks
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.results.costs import read_costs
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.results.rows import Row
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.lexicon import METRICS, NEW, NEW_METRICS
from tests.recipe.helpers import told
from tests.stages.test_align import recipe, run
from tests.stages.words import PAIRS

STAGES = """\
  held: {align: lex/en_de.tsv, layer: 1, held_out: 0.25, method: "lora[r=4]"}
  all: {align: lex/en_de.tsv, layer: 1, held_out: 0, method: "lora[r=4]"}
  words: {probe: [none, held], on: lex/en_de.tsv}
  seen: {probe: [none, all], on: lex/en_de.tsv, layers: [2, 1]}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> tuple[Path, list[Row]]:
    folder = tmp_path_factory.mktemp("probe")
    loaded = recipe(folder, tiny_backbone, STAGES)
    result = run(loaded, folder / "work")
    assert not result.failed
    assert run(loaded, folder / "work").rows == result.rows
    return folder, result.rows


def test_every_figure_of_every_layer_with_special_tokens_and_without(
    done: tuple[Path, list[Row]],
) -> None:
    rows = [row for row in done[1] if row.stage == "words"]
    assert {(row.model, row.layer, row.pooling, row.metric) for row in rows} == {
        (model, layer, pooling, metric)
        for model in ("none", "held")
        for layer in (0, 1, 2)
        for pooling in ("mean-no-special", "mean")
        for metric in (*METRICS, *NEW_METRICS.values())
    }
    assert len(rows) == 2 * 3 * 2 * (len(METRICS) + len(NEW_METRICS))
    assert not {row.metric for row in done[1] if row.stage == "seen"} & {*NEW_METRICS.values()}
    assert {(row.task, row.language, row.main) for row in rows if row.metric == "p_at_1"} == {
        ("lex_en_de", "de", True)
    }


def test_special_tokens_make_every_pair_alike(done: tuple[Path, list[Row]]) -> None:
    values = {
        (row.layer, row.pooling, row.metric): row.value
        for row in done[1]
        if row.stage == "words" and row.model == "none"
    }
    for layer in (0, 1, 2):
        for metric in ("similarity", "similarity_shuffled", "anisotropy"):
            assert values[layer, "mean", metric] > values[layer, "mean-no-special", metric]


def test_all_models_are_measured_on_the_entries_that_none_was_trained_on(
    done: tuple[Path, list[Row]],
) -> None:
    folder, rows = done
    for row in rows:
        if row.stage == "words":
            assert (row.split, row.n, row.contamination) == ("held-out", 5, "")
            assert row.protocol == "words held out"
        else:
            assert (row.split, row.n) == ("test", len(PAIRS))
            assert row.contamination == (
                "lex_en_de 37 of 37 texts" if row.model == "all" else ""
            ), row.contamination
    cells = {row.cell for row in rows if row.stage == "words"}
    ids = []
    for cell in sorted(cells):
        blocks = read_outcomes(Store(folder / "work" / STORE_FOLDER).path(cell))
        assert blocks is not None
        ids += [block.ids.tolist() for block in blocks]
        assert {len(column) for column in blocks[0].columns.values()} == {5}
        assert blocks[0].columns[NEW].all()  # these words stand alone
        assert blocks[0].columns["rank"].min() >= 1
    assert all(each == ids[0] for each in ids)


def test_a_metric_is_that_of_its_outcomes(done: tuple[Path, list[Row]]) -> None:
    folder, rows = done
    row = next(
        r for r in rows if (r.stage, r.layer, r.metric, r.pooling) == ("seen", 2, "mrr", "mean")
    )
    blocks = read_outcomes(Store(folder / "work" / STORE_FOLDER).path(row.cell))
    assert blocks is not None
    (block,) = [one for one in blocks if (one.layer, one.pooling) == (2, "mean")]
    assert row.value == pytest.approx(100 * np.mean(1 / block.columns["rank"]))


def test_entries_whose_words_are_all_new_are_measured_beside_the_others(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES.replace("layers: [2, 1]", "layers: [1]"))
    file = tmp_path / "data" / "lex" / "en_de.tsv"
    phrases = "".join(f"the {en}\tdas {de}\n" for en, de in PAIRS[:8])
    file.write_text(file.read_text() + phrases + "quick\tschnell\nlate\tzu spät\n")
    done = run(loaded, tmp_path / "work")
    assert not done.failed
    rows = {
        (row.metric, row.layer, row.pooling): row
        for row in done.rows
        if (row.stage, row.model) == ("words", "held")
    }
    cell = next(iter(rows.values())).cell
    for block in read_outcomes(Store(tmp_path / "work" / STORE_FOLDER).path(cell)) or []:
        new = block.columns[NEW]
        assert 0 < new.sum() < len(new)
        for plain, metric in NEW_METRICS.items():
            rank = block.columns["rank_xx_en" if plain.endswith("_xx_en") else "rank"]
            row, before = (rows[name, block.layer, block.pooling] for name in (metric, plain))
            assert (row.n, before.n) == (new.sum(), len(new))
            assert row.value == pytest.approx(100 * np.mean(rank[new] == 1))
            assert before.value == pytest.approx(100 * np.mean(rank == 1))


def test_only_measurements_of_held_out_entries_have_a_new_address(
    tmp_path: Path, tiny_backbone: Path
) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES)
    sources = resolve_sources(loaded.recipe, loaded.base)
    plan = make_plan(loaded.recipe, Store(tmp_path / "store"), sources)
    versions = {one.step.stage: one.parts["version"] for one in plan.steps}
    assert (versions["words"], versions["seen"]) == (2, 1)


def test_the_costs_of_aligning_and_probing_are_measured(done: tuple[Path, list[Row]]) -> None:
    costs = {cost.step: cost for cost in read_costs(done[0] / "work")}
    # LoRA of rank 4 on q and v of the layer below, 32 wide.
    assert (costs["held"].parameters, costs["held"].head_parameters) == (4 * 32 * 4, 0)
    assert costs["held"].share == pytest.approx(
        100 * 512 / (costs["held"].backbone_parameters or 0)
    )
    for step in ("words/none/lex_en_de", "words/held/lex_en_de"):
        assert costs[step].queries == 38  # every word of each side once
        assert 0 < (costs[step].query_seconds or 0) * 38 < (costs[step].seconds or 0)


def test_what_is_held_out_is_no_leak(
    done: tuple[Path, list[Row]], tmp_path: Path, tiny_backbone: Path
) -> None:
    loaded = recipe(tmp_path, tiny_backbone, STAGES)
    sources = resolve_sources(loaded.recipe, loaded.base)
    store = Store(tmp_path / "empty")
    plan = make_plan(loaded.recipe, store, sources)
    leaks = find_leaks(Context(loaded.recipe, plan, store, sources, Silent()))
    assert [(leak.model, leak.task, leak.seen) for leak in leaks] == [("all", "lex_en_de", 37)]


def test_what_is_refused() -> None:
    found = told(
        "name: r\nstages:\n"
        "  a: {probe: [none, b], on: en_de.tsv}\n"
        "  c: {probe: none, on: pawsx}\n"
        "  d: {probe: [none, none], on: en_de.tsv, baseline: a}\n"
    )
    assert found == [
        "3 stages.a.probe[1]: there is no stage `b` (none is known)",
        (
            "4 stages.c.on: `pawsx` has the name `pawsx`, which belongs to another task (name a "
            "lexicon)"
        ),
        "5 stages.d.probe[1]: `none` is listed twice",
        "5 stages.d.baseline: `a` is not one of the models listed here (known: none)",
    ]
