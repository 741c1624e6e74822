"""Published hyper-parameters by name, in `training` or a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.plan.expand import expand
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.schema import Recipe, Training
from tests.recipe.helpers import stages, told


def recipe(stage: str, training: str = "{}") -> Recipe:
    return load_text(f"name: r\ntraining: {training}\nstages:\n  a: {stage}\n").recipe


def settings(stage: str, training: str = "{}") -> Training:
    return recipe(stage, training).training_of("a")


def test_a_preset_gives_what_its_source_says_of_the_task() -> None:
    found = settings("{train: udpos, preset: xtreme-2020}")
    assert (found.lr, found.epochs, found.batch_size, found.keep) == (2e-5, 10, 32, "best")
    assert settings("{train: udpos}", "{preset: xtreme-2020}") == found
    squad = settings("{train: squad}", "{preset: jiant}")  # on which XQuAD and MLQA are trained
    assert (squad.lr, squad.batch_size, squad.max_length, squad.dev_cap) == (1e-5, 16, 384, 500)


def test_keys_beside_it_win() -> None:
    assert settings("{train: udpos, preset: jiant, lr: 3e-3}").lr == 3e-3
    assert settings("{train: udpos}", "{preset: jiant, lr: 3e-3}").lr == 3e-3
    assert settings("{train: udpos, lr: 3e-3}", "{preset: jiant}").lr == 3e-3
    # That of a stage is said of it alone.
    assert settings("{train: udpos, preset: jiant}", "{lr: 3e-3, epochs: 1}").lr == 1e-5
    assert settings("{train: udpos, preset: jiant}", "{preset: xtreme-2020}").max_length == 256


def test_a_share_of_steps_wins_over_a_number_that_was_said_before() -> None:
    assert settings("{train: squad, preset: xtreme-2020}").warmup_steps == 500
    beside = settings("{train: squad, preset: xtreme-2020, warmup: 0.2}")
    assert (beside.warmup, beside.warmup_steps) == (0.2, None)
    over = settings("{train: squad, preset: jiant}", "{warmup_steps: 7, max_steps: 9}")
    assert (over.warmup, over.warmup_steps, over.epochs, over.max_steps) == (0.1, None, 2, None)
    # What was said without presets keeps its meaning.
    plain = settings("{train: squad, warmup: 0.2, epochs: 2}", "{warmup_steps: 7, max_steps: 9}")
    assert (plain.warmup_steps, plain.max_steps) == (7, 9)


def test_a_fingerprint_sees_the_values_only(tmp_path: Path) -> None:
    backbone = resolve_backbone("mini", tmp_path)
    written = "lr: 2e-5, epochs: 10, batch_size: 32, max_length: 128, warmup_steps: 0, keep: best"
    one, two = (
        expand(recipe(f"{{train: udpos, {said}}}"), backbone, [])
        for said in ("preset: xtreme-2020", written)
    )
    assert one == two
    assert "preset" not in one[0].params


@pytest.mark.parametrize(("layers", "lr"), [(12, 2e-5), (24, 3e-5)])
def test_large_models_may_have_settings_of_their_own(layers: int, lr: float) -> None:
    found = recipe("{train: mnli, preset: xtreme-head}").on(layers)
    assert found.training_of("a").lr == lr


def test_what_a_preset_cannot_say_is_told() -> None:
    text = stages("a: {train: udpos, preset: xtreme-202}")
    assert told(text) == [
        (
            "3 stages.a.preset: there is no training preset `xtreme-202` (did you mean "
            "`xtreme-2020`?)"
        )
    ]
    head = "name: r\ntraining: {preset: mad-x}"
    (problem,) = told(stages("a: {train: pawsx}\nb: {train: pawsx, preset: jiant}", head))
    assert problem.startswith("4 stages.a.train: `mad-x` has no settings for `pawsx`")
    (problem,) = told(stages("a: {train: [pawsx, udpos], preset: xtreme-2020}"))
    assert problem.startswith(
        "3 stages.a.preset: `xtreme-2020` has different settings for `udpos` and `pawsx`"
    )
