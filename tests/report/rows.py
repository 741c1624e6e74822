"""Rows for report tests."""

from __future__ import annotations

from adapterxlt.results.rows import Row


def row(
    model: str,
    language: str,
    value: float,
    *,
    stage: str = "scores",
    task: str = "pawsx",
    metric: str = "accuracy",
    main: bool = True,
    n: int = 400,
    layer: int | None = None,
    pooling: str | None = None,
    split: str = "dev",
    baseline: str = "direct",
    contamination: str = "",
    trained_in: tuple[str, ...] = ("en",),
) -> Row:
    """A row whose other fields do not matter."""
    return Row(
        recipe="test",
        stage=stage,
        model=model,
        task=task,
        language=language,
        split=split,
        data="pocket",
        metric=metric,
        main=main,
        value=value,
        n=n,
        seed=1,
        protocol="zero-shot" if layer is None else "xtreme-2020",
        layer=layer,
        trained_in=trained_in,
        lineage=f"mini > {model}",
        fingerprint="f" * 64,
        contamination=contamination,
        baseline="" if model == baseline else baseline,
        caps="train 2000",
        pooling=pooling,
    )
