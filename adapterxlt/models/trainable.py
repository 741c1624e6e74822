"""Which tensors a stage trains, exactly."""

from __future__ import annotations

from torch import nn

from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import architecture_of
from adapterxlt.models.spec import ModelSpec

# VeRA's random projections are shared and frozen by design (Kopiczko et al. 2024).
_FROZEN_SHARED = ("vera_d", "vera_b")


def expected_trainable(model: nn.Module, spec: ModelSpec) -> set[str]:
    """Names of the parameters that training this artifact must change: no more, no fewer.

    The new heads; and the backbone for a full fine-tune, the fusion layers for a fusion, the
    stage's own adapter else.
    """
    selections = [tensors.of_head(spec.head_name(head)) for head in spec.heads]
    if spec.method == "full":
        selections.append(tensors.of_backbone(architecture_of(model)))
    elif spec.method is None:
        selections.append(tensors.of_fusion())
    else:
        selections.append(tensors.of_adapter(spec.name))
    frozen = spec.method is not None and freezes_shared(spec.method)
    return {
        name
        for name, _ in model.named_parameters()
        if any(belongs(name) for belongs in selections)
        and not (frozen and "shared_parameters" in name.split("."))
    }


def freezes_shared(method: str) -> bool:
    """Whether an adapter of this method shares random projections that are never trained."""
    parts = parse_method(method).flat()
    return any(part.resolved.get(key) is not None for part in parts for key in _FROZEN_SHARED)


def assert_trainable(model: nn.Module, spec: ModelSpec) -> None:
    """Check the parameters that require gradients against `expected_trainable`.

    Raises:
        AdapterXLTError: they differ; the message lists the difference.
    """
    actual = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    expected = expected_trainable(model, spec)
    if actual == expected and actual:
        return
    lines = [f"`{spec.name}` would not train what it should"]
    for title, names in (
        ("should be trained but is frozen", expected - actual),
        ("should be frozen but is trained", actual - expected),
    ):
        lines += [f"  {title}: {name}" for name in sorted(names)[:10]]
        if len(names) > 10:
            lines.append(f"  ... and {len(names) - 10} more")
    raise AdapterXLTError("\n".join(lines))


def silence_frozen_dropout(model: nn.Module) -> None:
    """Switch off dropout in the backbone; adapters, fusions and heads keep theirs.

    Dropout regularises weights that are being trained; on frozen ones it only adds noise and
    costs about a quarter of a step.
    """
    for name, module in model.named_modules():
        parts = name.split(".")
        if parts[0] == "heads" or tensors.FUSION in parts or tensors.owner(name) is not None:
            continue
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for share in ("dropout_prob", "attention_dropout"):  # of torch's fused attention
            if isinstance(getattr(module, share, None), float):
                setattr(module, share, 0.0)
