"""Train a small multilingual backbone from scratch (the bundled `mini`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapterxlt.pretraining.build import build_backbone
    from adapterxlt.pretraining.config import PretrainConfig

__all__ = ["PretrainConfig", "build_backbone"]


def __getattr__(name: str) -> Any:
    """Import on first use: recipe validation needs the configuration without torch."""
    if name == "build_backbone":
        from adapterxlt.pretraining.build import build_backbone

        return build_backbone
    if name == "PretrainConfig":
        from adapterxlt.pretraining.config import PretrainConfig

        return PretrainConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
