"""Stages compute where they are told to, and a device is no part of a result's address.

There need not be a GPU: what is asked for is noted, and the CPU computes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapterxlt.errors import InvalidRecipeError, MissingDeviceError
from adapterxlt.execution import preflight, run, step
from adapterxlt.execution.executors.in_process import InProcess
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.results.measures import write_measures
from adapterxlt.stages.running import context
from adapterxlt.vectors import encoder

STAGES = """
  one: {train: pawsx}
  two: {train: pawsx, seed: 2}
  fused: {fuse: [one, two], train: pawsx}
  scores: {evaluate: [one, fused], on: pawsx, languages: en}
  search: {retrieve: [none, one], on: tatoeba, languages: de, layers: [1]}
"""

RUNNER = "adapterxlt.execution.step._runner"


@pytest.fixture
def recipe(tmp_path: Path, tiny_backbone: Path) -> Path:
    twins = "a dog\tone dog\t1\na dog\ta cat\t0\n" * 2
    for name, text in {
        "pawsx/train-en.tsv": twins,
        "pawsx/dev-en.tsv": twins,
        "tatoeba/de-en.de": "ein Hund\neine Katze\n",
        "tatoeba/de-en.en": "a dog\na cat\n",
    }.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = tmp_path / "r.yaml"
    path.write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: {tmp_path / 'data'}\n"
        f"training: {{max_steps: 1}}\nstages:{STAGES}"
    )
    return path


def start(loaded: LoadedRecipe, workdir: Path, device: str | None = None) -> run.RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base)
    return run.run_recipe(loaded.recipe, workdir=workdir, sources=sources, device=device)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Who asked for which device: (module, name)."""
    found: list[tuple[str, str]] = []
    for module in (context, preflight, step):

        def find(name: str, by: str = module.__name__.rpartition(".")[2]) -> torch.device:
            found.append((by, name))
            return torch.device("cpu")

        monkeypatch.setattr(module, "find_device", find)
    return found


def test_all_stages_compute_there_and_another_device_finds_their_results(
    recipe: Path, tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    loaded = load_recipe(recipe)
    first = start(loaded, tmp_path / "work", "cuda:1")
    assert not first.failed
    assert {name for _, name in asked} == {"cuda:1"}
    by = [by for by, _ in asked]
    # Three models are trained; two cells of evaluation and two of retrieval load one each.
    assert (by.count("preflight"), by.count("context")) == (1, 3 + 4)
    asked.clear()
    second = start(loaded, tmp_path / "work", "cpu")
    assert second.done == []
    assert asked == []
    assert second.rows == first.rows


def test_the_recipe_says_where_unless_the_command_does(
    recipe: Path, tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    recipe.write_text(recipe.read_text() + "device: cuda\n")
    start(load_recipe(recipe), tmp_path / "work")
    assert {name for _, name in asked} == {"cuda"}
    asked.clear()
    start(load_recipe(recipe), tmp_path / "again", "auto")
    assert {name for _, name in asked} == {"auto"}


def test_the_model_of_a_cell_is_moved(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def measure(planned: object, here: context.Context, staging: Path) -> None:
        seen.append(here.model(planned).model.device.type)  # type: ignore[arg-type]
        write_measures(staging / "out", [])

    monkeypatch.setattr(context, "find_device", lambda name: torch.device("meta"))
    monkeypatch.setattr(RUNNER, lambda kind: measure)
    loaded = load_recipe(recipe, ["stages.search.retrieve=[none]"])
    only = loaded.recipe.model_copy(update={"stages": {"search": loaded.recipe.stages["search"]}})
    run.run_recipe(
        only, workdir=tmp_path / "work", sources=resolve_sources(loaded.recipe, loaded.base)
    )
    assert seen == ["meta"]


def test_a_missing_device_is_said_before_any_work(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(
        "adapterxlt.execution.step._runner", lambda kind: pytest.fail("work has begun")
    )
    with pytest.raises(MissingDeviceError, match="device `cuda` is not available"):
        start(load_recipe(recipe), tmp_path / "work", "cuda")


def test_a_device_of_other_machines_need_not_be_here(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere(InProcess):
        elsewhere = True

        def check(self, context: context.Context) -> None:
            assert context.recipe.resources_of("one").gpus is None
            assert context.recipe.device == "cuda"
            raise KeyboardInterrupt  # everything of this machine has been checked

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loaded = load_recipe(recipe)
    sources = resolve_sources(loaded.recipe, loaded.base)
    with pytest.raises(KeyboardInterrupt):
        run.run_recipe(
            loaded.recipe,
            workdir=tmp_path / "work",
            sources=sources,
            device="cuda",
            executor=Elsewhere(),
        )


def test_a_precision_that_the_device_lacks_is_said_before_any_work(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "adapterxlt.execution.step._runner", lambda kind: pytest.fail("work has begun")
    )
    with pytest.raises(MissingDeviceError, match=r"^two: precision fp16 needs a CUDA GPU"):
        start(load_recipe(recipe, ["stages.two.precision=fp16"]), tmp_path / "work", "cpu")


def test_other_words_in_a_recipe_are_refused(recipe: Path) -> None:
    with pytest.raises(InvalidRecipeError, match="device: must be auto, cpu, cuda, cuda:N"):
        load_recipe(recipe, ["device=gpu"])


def test_the_verbs_encoder_is_moved(tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "find_device", lambda name: torch.device("meta", 0))
    assert encoder.load_encoder(str(tiny_backbone)).model.device.type == "meta"
