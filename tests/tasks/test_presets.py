from __future__ import annotations

import pytest

from adapterxlt.kinds.registry import get_kind
from adapterxlt.recipe.schema import Training
from adapterxlt.tasks.catalogue import catalogue
from adapterxlt.tasks.presets import Settings, presets, presets_of


def test_names() -> None:
    assert list(presets()) == ["xtreme-2020", "xtreme-head", "jiant", "unicoder", "mad-x"]


def test_presets_are_for_tasks_that_train() -> None:
    for preset in presets().values():
        for name in preset.tasks:
            assert get_kind(catalogue()[name].kind).trainable


def test_every_trained_target_of_a_benchmark_has_one() -> None:
    for task in catalogue().values():
        if {"xtreme", "xglue"} & set(task.benchmarks) and get_kind(task.kind).trainable:
            assert presets_of(task.name), task.name


def test_settings_are_those_of_a_recipe() -> None:
    assert set(Settings.model_fields) - {"warmup_steps", "large"} <= set(Training.model_fields)


@pytest.mark.parametrize(
    ("preset", "task", "settings"),
    [
        ("xtreme-2020", "udpos", (2e-5, 10, 32, 128, None)),
        ("xtreme-2020", "xquad", (3e-5, 2, 16, 384, 128)),
        ("xtreme-head", "mlqa", (3e-5, 3, 32, 384, 128)),
        ("jiant", "xnli", (1e-5, 2, 32, 256, None)),
        ("jiant", "tydiqa", (1e-5, 2, 16, 384, None)),
        ("unicoder", "xglue_mlqa", (3e-5, 2, 12, 384, 128)),
        ("unicoder", "xglue_pos", (2e-5, 20, 32, 128, None)),
        ("unicoder", "xglue_wpr", (5e-6, 10, 32, 256, None)),
    ],
)
def test_values(preset: str, task: str, settings: tuple[float | None, ...]) -> None:
    found = presets()[preset].tasks[task]
    assert settings == (
        found.lr,
        found.epochs,
        found.batch_size,
        found.max_length,
        found.doc_stride,
    )


def test_scripts_without_a_warm_up_have_none() -> None:
    for preset, tasks in {
        "xtreme-2020": ("xnli", "udpos", "panx"),
        "xtreme-head": ("udpos", "panx"),
        "unicoder": tuple(presets()["unicoder"].tasks),
    }.items():
        assert {presets()[preset].tasks[task].warmup_steps for task in tasks} == {0}


def test_what_differs_for_a_large_model() -> None:
    settings = presets()["xtreme-head"].tasks["xnli"]
    assert settings.given()["lr"] == 2e-5
    assert settings.given(large=True)["lr"] == 3e-5
    assert "large" not in settings.given(large=True)
    assert "doc_stride" not in settings.given()
