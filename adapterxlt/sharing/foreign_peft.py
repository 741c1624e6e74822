"""Reads LoRAs of PEFT as methods of recipes, from their configuration and weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.parser import ParsedMethod, Part
from adapterxlt.methods.table import METHODS
from adapterxlt.models.peft_names import kind_of_type
from adapterxlt.sharing.foreign_config import parsed, plain, refuse
from adapterxlt.show import brief

_LORA_B = ".lora_B.weight"
_PATTERN = re.compile(r"[\w.]{1,200}")
_MAX_PATTERNS = 1000
# Keys of PEFT's LoRA that say nothing of what it computes.
_IDLE = frozenset(
    {
        "auto_mapping",
        "base_model_name_or_path",
        "ensure_weight_tying",  # of heads, which are looked at themselves
        "inference_mode",
        "megatron_core",
        "modules_to_save",  # as above
        "peft_type",
        "peft_version",
        "qalora_group_size",
        "revision",
        "task_type",
    }
)
_READ = frozenset(
    {
        *("r", "lora_alpha", "lora_dropout", "target_modules", "layers_to_transform", "bias"),
        *("use_rslora", "rank_pattern", "alpha_pattern"),
    }
)
# Ways to begin that leave the backbone's weights as they are; others change them.
_INIT = (True, False, "gaussian", "orthogonal", "eva")
_OTHERS = {
    "IA3": (
        "PEFT's (IA)3 scales the feed-forward layer after its activation, but `adapters` "
        "scales it before"
    ),
    "PREFIX_TUNING": (
        "PEFT's prefix tuning shifts the positions of all tokens, but `adapters` does not"
    ),
    "PROMPT_TUNING": "PEFT's prompt tuning puts its vectors before <s> and shifts all positions",
}
_WHY = {
    "use_dora": "PEFT's DoRA does not scale the bias, but `adapters` does",
    "init_lora_weights": "this initialisation changes the backbone's own weights",
}


@dataclass(frozen=True)
class Lora:
    """A LoRA of PEFT.

    Args:
        method: as recipes write it.
        scales: factor by which each module's `lora_B` must be multiplied for it.
        note: what was changed so that it fits; "" for nothing.
    """

    method: ParsedMethod
    scales: Mapping[str, float]
    note: str


def told_kind(config: Mapping[str, Any], classes: Mapping[str, str]) -> str | None:
    """The kind of task that a configuration says, if it does.

    Args:
        classes: classes of transformers, each of a kind.
    """
    found = kind_of_type(str(config.get("task_type")))
    mapping = config.get("auto_mapping")
    if found is None and isinstance(mapping, dict):
        found = classes.get(str(mapping.get("base_model_class")))
    return found


def lora_from_peft(
    config: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    backbone: Backbone,
    path: Path,
) -> Lora:
    """The LoRA that a configuration of PEFT stands for, every value checked.

    Ranks and scales that differ between modules become one: narrow matrices are filled up with
    zeros, and scales become part of `lora_B`, which computes the same.

    Args:
        shapes: of the file's tensors by `plain_name`.
        backbone: what it is to stand on.

    Raises:
        InvalidArtifactError: it is no LoRA, or one that `adapters` has not.
    """
    _check_keys(config, backbone.architecture, path)
    rank, alpha = config.get("r", 8), config.get("lora_alpha", 8)
    ranks = _patterns(config, "rank_pattern", path)
    alphas = _patterns(config, "alpha_pattern", path)
    rslora = config.get("use_rslora", False)
    numbers = [rank, alpha, *ranks.values(), *alphas.values()]
    if not all(type(number) in (int, float) and 0 < number < 1e9 for number in numbers):
        refuse(path, "`r` and `lora_alpha` must be numbers above 0")
    found: dict[str, tuple[int, float]] = {}
    for name, shape in shapes.items():
        if name.endswith(_LORA_B) and len(shape) == 2:
            module = name.removesuffix(_LORA_B)
            own = shape[1]
            said = _matching(ranks, module, rank)
            if own != said:
                refuse(
                    path,
                    f"`r` or `rank_pattern` gives `{brief(module)}` the rank {brief(said)}, but "
                    f"its weights have {own}",
                )
            scale = _matching(alphas, module, alpha) / (math.sqrt(own) if rslora else own)
            found[module] = (own, float(scale))
    whole = isinstance(alpha, int) or alpha.is_integer()
    even = not rslora and whole and not alphas and len({own for own, _ in found.values()}) < 2
    wide = rank if even else max((own for own, _ in found.values()), default=1)
    params: dict[str, object] = {
        "r": wide,
        "alpha": int(alpha) if even else wide,
        "dropout": config.get("lora_dropout", 0.0),
        **_targets(config.get("target_modules"), backbone.architecture, path),
    }
    left_out = _left_out(config, backbone.layers, path)
    if left_out:
        params["leave_out"] = left_out
    return Lora(
        method=_method(params, path),
        scales={} if even else {module: scale for module, (_, scale) in found.items()},
        note=""
        if even
        else (
            f"its ranks and scales were unified (r={wide}, with the scales in lora_B), which "
            "computes the same"
        ),
    )


def _check_keys(config: Mapping[str, Any], architecture: Architecture, path: Path) -> None:
    if config.get("peft_type") != "LORA":
        kind = brief(config.get("peft_type"))
        message = f"has the PEFT type `{kind}`; only LORA is supported"
        refuse(path, message, _OTHERS.get(str(config.get("peft_type"))))
    for key, value in config.items():
        idle = key in _IDLE or key in _READ or value in (None, False, "none")
        if key == "init_lora_weights":
            idle = value in _INIT
        if key == "layers_pattern":
            layers = architecture.layers.rpartition(".")[2]
            idle = value in (None, layers, [layers])
        if not idle and value not in ([], {}):
            message = f"`{brief(key)}: {brief(value)}` is not supported"
            refuse(path, message, _WHY.get(key))
    if config.get("bias", "none") != "none":
        refuse(path, "trains biases of the backbone, which an adapter cannot hold")
    if type(config.get("use_rslora", False)) is not bool:
        refuse(path, "`use_rslora` must be true or false")


def _patterns(config: Mapping[str, Any], key: str, path: Path) -> dict[str, float]:
    found = config.get(key) or {}
    if not isinstance(found, dict) or len(found) > _MAX_PATTERNS:
        refuse(path, f"`{key}` must map names of modules to numbers")
    for name in found:
        if not _PATTERN.fullmatch(name):
            refuse(
                path, f"`{key}` names `{brief(name)}`; only plain names of modules are supported"
            )
    return dict(found)


def _matching(patterns: Mapping[str, float], module: str, default: float) -> float:
    """The number of the first pattern that a module's name ends with, as PEFT finds it."""
    for name, number in patterns.items():
        if f".{module}".endswith(f".{name}"):
            return number
    return default


def _method(params: dict[str, object], path: Path) -> ParsedMethod:
    defaults = METHODS["lora"].defaults
    given = {key: value for key, value in params.items() if plain(value) != plain(defaults[key])}
    found = parsed(str(ParsedMethod((Part("lora", given),))), path)
    if plain(found.parts[0].resolved) != plain({**defaults, **given}):
        refuse(path, "has an impossible value")
    return found


def _left_out(config: Mapping[str, Any], layers: int, path: Path) -> list[int]:
    """The layers that a LoRA of PEFT leaves out."""
    chosen = config.get("layers_to_transform")
    if chosen in (None, []):
        return []
    numbers = chosen if isinstance(chosen, list) else [chosen]
    if not all(type(number) is int and 0 <= number < layers for number in numbers):
        refuse(path, f"`layers_to_transform` names none of the {layers} layers")
    return [number for number in range(layers) if number not in numbers]


def _targets(targets: object, architecture: Architecture, path: Path) -> dict[str, object]:
    if not isinstance(targets, list) or not targets:
        refuse(path, "`target_modules` is not a list of modules")
    matrices = {module: matrix for matrix, module in architecture.linear.items()}
    found = set()
    for target in targets:
        place = str(target).removeprefix("attention.").removeprefix("self.")
        if place not in matrices:
            *some, last = matrices
            refuse(
                path,
                f"`target_modules` names `{brief(target)}`",
                f"only {', '.join(some)} and {last} are supported",
            )
        found.add(matrices[place])
    places: dict[str, object] = {"intermediate_lora": True} if "intermediate" in found else {}
    chosen = [matrix for matrix in matrices.values() if matrix in found - {"intermediate"}]
    return {**places, **({"attn_matrices": chosen} if chosen else {"selfattn_lora": False})}
