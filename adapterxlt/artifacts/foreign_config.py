"""Configurations that other libraries wrote, as methods of recipes. Nothing in them is trusted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.method_parser import ParsedMethod, Part
from adapterxlt.method_table import ARCHITECTURES, METHODS
from adapterxlt.methods import parse_method
from adapterxlt.show import brief
from adapterxlt.store.inside import open_inside
from adapterxlt.store.strict_json import parse

MAX_CONFIG = 1 << 20  # bytes
_RESAVE = "load it in its own library and save it again with a current version"
_NEEDED = ("mh_adapter", "output_adapter", "reduction_factor", "non_linearity")
_MAX_UNION = 4
_PEFT_PLACES = {"query": "q", "key": "k", "value": "v"}
# Keys of PEFT's LoRA that say nothing of what it computes.
_PEFT_IDLE = frozenset(
    {
        "auto_mapping",
        "base_model_name_or_path",
        "inference_mode",
        "megatron_core",
        "modules_to_save",  # tells tensors of a head, which are looked at themselves
        "peft_type",
        "peft_version",
        "qalora_group_size",
        "revision",
        "task_type",
    }
)
_PEFT_READ = frozenset(
    {"r", "lora_alpha", "lora_dropout", "target_modules", "layers_to_transform", "bias"}
)
# Ways to begin that leave the backbone's weights as they are; others change them.
_PEFT_INIT = (True, False, "gaussian", "orthogonal", "eva")


def read_config(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidArtifactError: it is none, or too large.
    """
    try:
        with open_inside(path.parent, path.name) as stream:
            content = stream.read(MAX_CONFIG + 1)
        if len(content) > MAX_CONFIG:
            _refuse(path, "is larger than any real one")
        found = parse(content.decode("utf-8"))
    except ValueError:
        _refuse(path, "is no JSON")
    if not isinstance(found, dict):
        _refuse(path, "is no JSON object")
    return found


def method_from_adapters(config: object, path: Path) -> ParsedMethod:
    """The method that a configuration of `adapters` stands for, every value checked.

    Raises:
        InvalidArtifactError: it has an unknown key, a value that cannot be, or no known form.
    """
    if not isinstance(config, dict):
        _refuse(path, "holds no `config`", _RESAVE)
    if config.get("architecture") != "union":
        return _single(config, path)
    parts = config.get("configs")
    if not isinstance(parts, list) or not 2 <= len(parts) <= _MAX_UNION:
        _refuse(path, "is a union of nothing that could be united")
    methods = [_single(part, path) if isinstance(part, dict) else None for part in parts]
    united = "|".join(str(method) for method in methods)
    return _parsed(united, path)


def _single(config: dict[str, Any], path: Path) -> ParsedMethod:
    architecture = config.get("architecture")
    if not isinstance(architecture, str | None) or architecture not in ARCHITECTURES:
        _refuse(path, f"has the architecture `{brief(architecture)}`, which is not read")
    base = ARCHITECTURES[architecture]
    given = {key: value for key, value in config.items() if key in base or value is not None}
    given.pop("architecture", None)
    for key in given:
        if key not in base:
            _refuse(path, f"has an unknown key `{brief(key)}`", _RESAVE)
    for key in _NEEDED if architecture is None else ():
        if key not in given:
            _refuse(path, f"does not say `{key}`", _RESAVE)
    defaults = {key: parameter.default for key, parameter in base.items()}
    values = {**defaults, **given}
    differing = {
        method.name: {
            key: value
            for key, value in values.items()
            if _plain(value) != _plain(method.defaults[key])
        }
        for method in METHODS.values()
        if method.defaults.keys() == base.keys()
        and method.defaults.get("architecture") == architecture
    }
    name = min(differing, key=lambda name: len(differing[name]))
    found = _parsed(str(ParsedMethod((Part(name, differing[name]),))), path)
    if _plain(found.parts[0].resolved) != _plain(values):  # text that means something in a method
        _refuse(path, "has a value that cannot be")
    return found


def method_from_peft(config: dict[str, Any], path: Path) -> ParsedMethod:
    """The LoRA that a configuration of PEFT stands for, every value checked.

    Raises:
        InvalidArtifactError: it is no LoRA, or one that `adapters` has not.
    """
    if config.get("peft_type") != "LORA":
        kind = brief(config.get("peft_type"))
        _refuse(path, f"is of the kind `{kind}`; of PEFT's only LORA is read")
    for key, value in config.items():
        idle = key in _PEFT_IDLE or key in _PEFT_READ or value in (None, False, "none")
        if key == "init_lora_weights":
            idle = value in _PEFT_INIT
        if not idle and value not in ([], {}):
            _refuse(path, f"`{brief(key)}: {brief(value)}` is not supported")
    if config.get("bias", "none") != "none":
        _refuse(path, "trains biases of the backbone, which no adapter holds")
    alpha = config.get("lora_alpha", 8)
    params: dict[str, object] = {
        "r": config.get("r", 8),
        "alpha": int(alpha) if isinstance(alpha, float) and alpha.is_integer() else alpha,
        "dropout": config.get("lora_dropout", 0.0),
        "attn_matrices": _matrices(config.get("target_modules"), path),
    }
    defaults = METHODS["lora"].defaults
    params = {key: value for key, value in params.items() if _plain(value) != _plain(defaults[key])}
    found = _parsed(str(ParsedMethod((Part("lora", params),))), path)
    if _plain(found.parts[0].resolved) != _plain({**defaults, **params}):
        _refuse(path, "has a value that cannot be")
    return found


def peft_layers(config: Mapping[str, Any], layers: int, path: Path) -> list[int]:
    """The layers that a LoRA of PEFT leaves out.

    Args:
        layers: number of layers of the backbone.
    """
    chosen = config.get("layers_to_transform")
    if chosen in (None, []):
        return []
    numbers = chosen if isinstance(chosen, list) else [chosen]
    if not all(type(number) is int and 0 <= number < layers for number in numbers):
        _refuse(path, f"`layers_to_transform` names none of the {layers} layers")
    return [number for number in range(layers) if number not in numbers]


def _matrices(targets: object, path: Path) -> list[str]:
    if not isinstance(targets, list) or not targets:
        _refuse(path, "`target_modules` is no list of modules")
    found = set()
    for target in targets:
        place = str(target).removeprefix("attention.").removeprefix("self.")
        if place not in _PEFT_PLACES:
            _refuse(
                path,
                f"`target_modules` names `{brief(target)}`",
                "only query, key and value of the self-attention are read",
            )
        found.add(_PEFT_PLACES[place])
    return [matrix for matrix in ("q", "k", "v") if matrix in found]


def _parsed(text: str, path: Path) -> ParsedMethod:
    try:
        return parse_method(text)
    except ValueError as error:
        _refuse(path, str(error).splitlines()[0])


def _plain(value: object) -> str:
    """Equal for values that mean the same (1 and 1.0)."""
    as_float: Callable[[str], float] = float
    try:
        return json.dumps(json.loads(json.dumps(value), parse_int=as_float), sort_keys=True)
    except (ValueError, OverflowError):
        return repr(value)


def _refuse(path: Path, message: str, hint: str | None = None) -> NoReturn:
    raise InvalidArtifactError(f"{path}: {message}", hint=hint)
