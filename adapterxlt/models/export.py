"""Writes a trained model for other libraries: plain `adapters`, PEFT, plain transformers.

Everything that the other library cannot represent is named in a message.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.methods.traits import PADDING_NOTE, counts_padding
from adapterxlt.models.export_peft import to_peft
from adapterxlt.models.export_plain import to_transformers
from adapterxlt.models.export_program import PACKED, backbone_of, program
from adapterxlt.models.parts import Built
from adapterxlt.models.spec import FUSION_FOLDER, HeadSpec, setup_fusions
from adapterxlt.show import printable

CARD = "README.md"


def to_adapters(built: Built, artifact: Path, folder: Path) -> list[str]:
    """Write folders that plain `adapters` loads (`load_adapter`), and a program to compose them.

    Returns:
        How to use that program.

    Raises:
        UsageError: the model is a full fine-tune or stands on one; or `adapters` does not have a
            model with heads for its architecture.
    """
    spec = built.spec
    assert spec is not None
    architecture = built.backbone.architecture
    if architecture.model:
        raise UsageError(
            f"`{spec.name}` cannot be exported to `adapters`, which does not have a model with "
            f"heads for `{architecture.model_type}`",
            hint=PACKED,
        )
    if spec.setup is None or spec.full:
        raise UsageError(
            f"`{spec.name}` has its own backbone weights, which an adapter folder cannot hold",
            hint="export it --to transformers" if spec.setup is None else PACKED,
        )
    lines = ["model = AutoAdapterModel.from_pretrained(backbone)"]
    for adapter in spec.adapters:
        _copy(artifact / adapter.folder, folder / adapter.name, _ADAPTER)
        lines.append(f'model.load_adapter(str(HERE / "{adapter.name}"), use_safetensors=True)')
    if any(setup_fusions(spec.setup)):
        shutil.copytree(artifact / FUSION_FOLDER, folder / FUSION_FOLDER)
        lines.append('model.load_adapter_fusion(str(HERE / "fusion"), use_safetensors=True)')
    for head in spec.heads:
        name = spec.head_name(head)
        place = "head" if head == spec.head else f"heads/{name}"
        _copy(artifact / spec.folder_of(head), folder / place, _HEAD)
        lines.append(f'model.load_head(str(HERE / "{place}"), use_safetensors=True)')
        if get_kind(head.kind).takes_choices:
            lines.append(f'model.heads["{name}"].config["num_choices"] = choices')
    lines.append(f"model.set_active_adapters({_block(spec.setup)})")
    # If it has no head, `adapters` would put the backbone's own LM head on top.
    active = None if spec.head is None else f'"{spec.name}"'
    lines.append(f"model.active_head = {active}")
    imports = ["from adapters import AutoAdapterModel", *_imports(spec.setup)]
    choices = any(get_kind(head.kind).takes_choices for head in spec.heads)
    code = program(built, "plain `adapters`", imports, lines, choices=choices)
    (folder / "load.py").write_text(code, encoding="utf-8")
    call = "load(choices=2)  # as many as your inputs have" if choices else "load()"
    return ["from load import load  # run in this folder", "", f"model = {call}"]


_ADAPTER = ("adapter.safetensors", "adapter_config.json")
_HEAD = ("model_head.safetensors", "head_config.json")


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


def _block(setup: Any) -> str:
    if isinstance(setup, str):
        return f'"{setup}"'
    names = getattr(setup, "fuse", None)
    inner = ", ".join(_block(part) for part in (names or setup.stack))
    return f"{'Fuse' if names else 'Stack'}({inner})"


def _imports(setup: Any) -> list[str]:
    return [] if isinstance(setup, str) else ["from adapters.composition import Fuse, Stack"]


EXPORTERS: dict[str, Callable[[Built, Path, Path], list[str]]] = {
    "adapters": to_adapters,
    "peft": lambda built, artifact, folder: to_peft(built, folder),
    "transformers": lambda built, artifact, folder: to_transformers(built, folder),
}
_LIBRARIES = {"adapters": "plain `adapters`", "peft": "PEFT", "transformers": "plain transformers"}


def export(built: Built, artifact: Path, folder: Path, kind: str) -> list[str]:
    """Write an export of a kind of `EXPORTERS`, with a README; the model cannot be used afterwards.

    Returns:
        What a user must know about it: what is left out, and what differs in the other library.

    Raises:
        UsageError: the other library has nothing that gives the same outputs.
    """
    with torch.no_grad():
        code = EXPORTERS[kind](built, artifact, folder)
    notes = _notes(built, kind)
    (folder / CARD).write_text(_readme(built, kind, code, notes), encoding="utf-8")
    return notes


def _notes(built: Built, kind: str) -> list[str]:
    spec = built.spec
    assert spec is not None
    notes = []
    if kind != "adapters":
        notes += [
            f"the head of `{head.task}` is not exported: {_LIBRARIES[kind]} has one head per "
            f"model, which is the head of `{spec.heads[0].task}`; use --to adapters to export "
            "all heads"
            for head in spec.other_heads
        ]
    if kind == "peft" and spec.head is not None and get_kind(spec.head.kind).tied_head:
        notes.append(
            "the file is large, because PEFT keeps a copy of the word embeddings with an LM head"
        )
    named = backbone_of(built.backbone)
    if kind != "transformers" and named.moved:
        auto = " AutoPeftModel reads the folder from adapter_config.json." if kind == "peft" else ""
        notes.append(named.moved + auto)
    methods = [parse_method(adapter.method) for adapter in spec.adapters]
    prompts = [
        part
        for method in methods
        for part in method.flat()
        if METHODS[part.name].family == "prompt"
    ]
    if kind == "adapters" and any(counts_padding(method) for method in methods):
        notes.append(PADDING_NOTE)
    if kind == "adapters" and prompts:
        notes.append(
            f"plain `adapters` also gives outputs for the {prompts[0].resolved['prompt_length']} "
            "vectors of the prompt, which adapterxlt removes"
        )
    return notes


def _readme(built: Built, kind: str, code: list[str], notes: list[str]) -> str:
    spec = built.spec
    assert spec is not None
    method = f" ({spec.method})" if spec.method else ""
    heads = spec.heads if kind == "adapters" else spec.heads[:1]
    rows = [
        f"# {spec.name}",
        "",
        f"`{spec.name}`{method}, trained by adapterxlt on the backbone "
        f"`{printable(built.backbone.name)}` (content {built.backbone.hash[:32]}), for "
        f"{_LIBRARIES[kind]}.",
        "",
        *(["The model has no head.", ""] if not heads else []),
        *(_said(head, spec.head_name(head)) for head in heads),
        *([""] if heads else []),
        "```python",
        *code,
        "```",
    ]
    if kind != "transformers":
        rows += [
            "",
            (
                "You can also load it with `python load.py`, or with `python load.py "
                "BACKBONE` to name the backbone."
            ),
        ]
    if notes:
        rows += ["", "Differences to know about:", "", *(f"- {printable(note)}" for note in notes)]
    return "\n".join(rows) + "\n"


def _said(head: HeadSpec, name: str) -> str:
    what = f"- Head `{name}`: {head.kind.replace('_', ' ')} (`{printable(head.task)}`)"
    labels = ", ".join(f"{number} = {printable(label)}" for number, label in enumerate(head.labels))
    return f"{what}; outputs: {labels}" if labels else what
