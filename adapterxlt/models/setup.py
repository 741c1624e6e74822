"""Composes adapters: turns setups in `model.json` into the library's blocks, and stacks them."""

from __future__ import annotations

from adapters.composition import AdapterCompositionBlock, Fuse, Stack

from adapterxlt.errors import AdapterXLTError
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.spec import FuseSetup, ModelSpec, Setup, StackSetup, tower


def to_block(setup: Setup) -> AdapterCompositionBlock | str:
    """Return the library's composition block for a setup."""
    if isinstance(setup, str):
        return setup
    if isinstance(setup, FuseSetup):
        return Fuse(*setup.fuse)
    return Stack(*[to_block(part) for part in setup.stack])


def activate(model: AdapterModel, spec: ModelSpec) -> None:
    """Make every forward pass use the artifact's composition and head."""
    if spec.setup is not None:
        model.set_active_adapters(to_block(spec.setup))
    model.active_head = spec.name if spec.head else None


def on_top(below: Setup | None, name: str) -> Setup:
    """Return the setup with adapter `name` above `below`."""
    return name if below is None else StackSetup(stack=(*tower(below), name))


def split_top(earlier: ModelSpec, name: str) -> tuple[Setup | None, str]:
    """Split an earlier setup into what stays frozen and the top adapter, which `name` continues.

    Raises:
        AdapterXLTError: a fusion is at its top.
    """
    setup = earlier.setup
    if isinstance(setup, str):
        return None, setup
    if isinstance(setup, StackSetup) and isinstance(setup.stack[-1], str):
        rest = setup.stack[:-1]
        return (rest[0] if len(rest) == 1 else StackSetup(stack=rest)), setup.stack[-1]
    raise AdapterXLTError(
        f"`{name}` cannot continue from the fusion `{earlier.name}`",
        hint="use `stack_on` for a new adapter on top, or fuse its members again on this task",
    )
