"""Replaces the language adapter that a model was trained with by another one.

An adapter is exchanged in the stack (MAD-X, Pfeiffer et al. 2020). For full and sparse fine-tunes,
the differences are exchanged: what training on a task changed is added to the other language's
weights (composable sparse fine-tuning, Ansell et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base
from adapterxlt.models.dropout import quicken_dropout
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.load import load
from adapterxlt.models.parts import Built, add_saved, hide_prompt_of, methods_of, read_for
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import activate
from adapterxlt.models.spec import (
    ADAPTERS_FOLDER,
    AdapterSpec,
    ModelSpec,
    Setup,
    StackSetup,
    setup_names,
)


@quiet()
def load_speaking(
    backbone: Backbone, artifact: Path, *, language: Path | None, source: Path | None = None
) -> Built:
    """Load an artifact with another language adapter, in eval mode.

    Args:
        artifact: the model, which was trained on a language adapter.
        language: artifact of the other language adapter; None: use none.
        source: artifact of the language adapter that the model was trained on, if that is weights
            of the backbone.

    Raises:
        InvalidArtifactError: an artifact is damaged, or belongs to another backbone.
        AdapterXLTError: the model does not stand on a language adapter.
    """
    built = load(backbone, artifact)
    assert built.spec is not None
    if source is not None:
        exchange_weights(built.model, backbone, language, source)
        return built
    if language is None:
        spec = without_lowest(built.spec)
    else:
        spec = with_language(built.spec, backbone, language)
        name = next(setup_names(spec.setup)) if spec.setup is not None else ""
        if name in setup_names(built.spec.setup or ""):  # as in a model that was trained elsewhere
            built.model.delete_adapter(name)
        _add_language(built.model, backbone, language)
    activate(built.model, spec)
    hide_prompt_of(built.model, spec)
    for parameter in built.model.parameters():
        parameter.requires_grad = False
    built.model.eval()
    built.spec = spec
    return built


def add_speaking(
    model: AdapterModel,
    spec: ModelSpec,
    artifact: Path,
    setup: Setup,
    backbone: Backbone,
    language: Path | None,
) -> None:
    """Add the adapters that `setup` consists of, as `parts.add_saved` does.

    Args:
        spec: the artifact's description, as `with_language` makes it.
        language: artifact of the lowest adapter, if it is not the artifact's own.
    """
    if language is None:
        add_saved(model, spec, artifact, setup)
        return
    _add_language(model, backbone, language)
    for part in setup.stack[1:] if isinstance(setup, StackSetup) else ():
        add_saved(model, spec, artifact, part)


@quiet()
def speak_several(built: Built, others: Mapping[str, Path]) -> None:
    """Let a model that is about to be trained stand on the adapter of each training language.

    These adapters are frozen, like the one that the model already has. The saved artifact contains
    only that one.

    Args:
        others: the artifact of each further language's adapter, by language.

    Raises:
        InvalidArtifactError: an artifact is damaged, or belongs to another backbone.
    """
    assert built.spec is not None
    assert built.spec.setup is not None
    spoken: dict[str, Setup] = {}
    there = set(setup_names(built.spec.setup))
    for other, folder in others.items():
        setup = with_language(built.spec, built.backbone, folder).setup
        assert setup is not None
        spoken[other] = setup
        lowest = next(setup_names(setup))
        if lowest not in there:
            there.add(lowest)
            _add_language(built.model, built.backbone, folder)
            own = tensors.of_adapter(lowest)
            for name, parameter in built.model.named_parameters():
                if own(name):
                    parameter.requires_grad = False
    quicken_dropout(built.model)
    built.model.train()
    built.spoken = spoken


def with_language(spec: ModelSpec, backbone: Backbone, language: Path) -> ModelSpec:
    """Return a description with another language's adapter at the bottom of the stack."""
    name, method = language_adapter(backbone, language)
    return _composed(spec, StackSetup(stack=(name, *_stack(spec)[1:])), {name: method})


def language_adapter(backbone: Backbone, language: Path) -> tuple[str, str]:
    """Return the name and the method of a language adapter.

    Raises:
        AdapterXLTError: the artifact is not a language adapter.
    """
    spec = read_for(backbone, language)
    if not spec.single:
        raise AdapterXLTError(
            f"`{spec.name}` is not a single adapter, so it cannot be a language adapter"
        )
    return spec.name, spec.adapters[0].method


def _add_language(model: AdapterModel, backbone: Backbone, language: Path) -> None:
    spec = read_for(backbone, language)
    add_saved(model, spec, language, spec.name)


def without_lowest(spec: ModelSpec) -> ModelSpec:
    """Return a description without the lowest adapter of the stack."""
    rest = _stack(spec)[1:]
    return _composed(spec, rest[0] if len(rest) == 1 else StackSetup(stack=rest), {})


def exchange_weights(
    model: AdapterModel, backbone: Backbone, language: Path | None, source: Path
) -> None:
    """Take the weights of one language out of a model, and put those of another in.

    Weights that training left as the first language has them become exactly those of the other.

    Args:
        language: artifact of the language to put in; None: the backbone's own weights.
        source: artifact of the language to take out.
    """
    belongs = tensors.of_backbone(backbone.architecture)
    own = tensors.select(model, belongs)
    old = tensors.select(load_base(backbone, source), belongs)
    new = tensors.select(load_base(backbone, language), belongs)
    with torch.no_grad():
        for name, tensor in own.items():
            before, after = old[name].to(tensor.device), new[name].to(tensor.device)
            changed = tensor != before
            tensor.copy_(torch.where(changed, after + (tensor - before), after))


def _stack(spec: ModelSpec) -> tuple[Setup, ...]:
    setup = spec.setup
    if not isinstance(setup, StackSetup) or not isinstance(setup.stack[0], str):
        raise AdapterXLTError(f"`{spec.name}` does not stand on a language adapter")
    return setup.stack


def _composed(spec: ModelSpec, setup: Setup, more: dict[str, str]) -> ModelSpec:
    methods = {**methods_of(spec), **more}
    folders = {adapter.name: adapter.folder for adapter in spec.adapters}
    adapters = tuple(
        AdapterSpec(
            name=name,
            method=methods[name],
            folder=folders.get(name, f"{ADAPTERS_FOLDER}/{name}"),
        )
        for name in setup_names(setup)
    )
    return spec.model_copy(update={"adapters": adapters, "setup": setup})
