"""Says exactly which tensors a stage trains."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.parser import ParsedMethod, parse_method
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import architecture_of
from adapterxlt.models.spec import ModelSpec

# VeRA's random projections are shared and frozen by design (Kopiczko et al. 2024).
_FROZEN_SHARED = ("vera_d", "vera_b")


def expected_trainable(model: nn.Module, spec: ModelSpec, members: Sequence[str] = ()) -> set[str]:
    """Return the names of exactly those parameters that training this artifact must change.

    These are the new heads, and one of the following: for a fine-tune, the backbone's parameters
    that its method trains; for a fusion, the fusion layers; else, the stage's own adapter.

    Args:
        members: adapters that are trained further together with their fusion.
    """
    selections = [tensors.of_head(spec.head_name(head)) for head in spec.heads]
    methods = {adapter.name: adapter.method for adapter in spec.adapters}
    selections += [adapter_part(name, methods[name]) for name in members]
    if spec.method is None:
        selections.append(tensors.of_fusion())
    elif parse_method(spec.method).is_full:
        selections.append(backbone_part(parse_method(spec.method), architecture_of(model)))
    else:
        selections.append(adapter_part(spec.name, spec.method))
    return {
        name for name, _ in model.named_parameters() if any(belongs(name) for belongs in selections)
    }


def adapter_part(adapter: str, method: str) -> tensors.Belongs:
    """Selects the tensors of an adapter that its method trains."""
    own = tensors.of_adapter(adapter)
    if not freezes_shared(method):
        return own
    return lambda tensor: own(tensor) and "shared_parameters" not in tensor.split(".")


def backbone_part(method: ParsedMethod, architecture: Architecture) -> tensors.Belongs:
    """Selects the backbone's tensors that a method of the family `full` trains."""
    own, part = tensors.of_backbone(architecture), method.parts[0]
    if part.name == "head":
        return lambda tensor: False
    if part.name == "bitfit":
        return lambda tensor: own(tensor) and tensor.endswith(".bias")
    norms = bool(part.resolved.get("norms"))
    frozen = part.resolved.get("freeze")
    layers = f"{architecture.prefix}{architecture.layers}."
    last = f"{architecture.prefix}{architecture.last}." if architecture.last else layers

    def trained(tensor: str) -> bool:
        if not own(tensor) or not (norms or "norm" not in tensor.lower()):
            return False
        if not isinstance(frozen, int):
            return True
        if tensor.startswith(layers):
            return int(tensor.removeprefix(layers).partition(".")[0]) >= frozen
        return tensor.startswith(last)  # modules after the last layer

    return trained


def freezes_shared(method: str) -> bool:
    """Whether an adapter of this method shares random projections that are never trained."""
    parts = parse_method(method).flat()
    return any(part.resolved.get(key) is not None for part in parts for key in _FROZEN_SHARED)


def assert_trainable(model: nn.Module, spec: ModelSpec, members: Sequence[str] = ()) -> None:
    """Check the parameters that require gradients against `expected_trainable`.

    Raises:
        AdapterXLTError: they differ; the message lists the difference.
    """
    actual = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    expected = expected_trainable(model, spec, members)
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
        for share in ("dropout_prob", "attention_dropout"):  # names in torch's fused attention
            if isinstance(getattr(module, share, None), float):
                setattr(module, share, 0.0)
