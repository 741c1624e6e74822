"""Finds the weights of each kind of head in plain transformers by comparing the modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind, with_heads
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import adapter_class, config_class, config_of, plain_name
from adapterxlt.models.heads import add_head
from adapterxlt.models.quiet import quiet
from adapterxlt.models.spec import HeadSpec

_SMALL = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "max_position_embeddings"),
)


@dataclass(frozen=True)
class Places:
    """The names of a head's tensors here and in transformers.

    Args:
        names: our name of a tensor, without `heads.NAME.` at its start -> its name in transformers.
            The weight of a decoder that is tied to the word embeddings is left out.
        aliases: further name of a tensor in transformers -> its first name there.
        last: our name of the layer whose outputs are those of the head.
        prefix: what names of the encoder's tensors begin with in transformers.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    last: str
    prefix: str

    @property
    def outputs(self) -> list[str]:
        """All names in transformers of the last layer's bias, which has one value per output."""
        first = self.names[f"{self.last}.bias"]
        return [first, *(name for name, other in self.aliases.items() if other == first)]

    @property
    def modules(self) -> list[str]:
        """The outermost modules that hold the head, as PEFT's `modules_to_save` names them."""
        outer = (name.removeprefix(self.prefix).partition(".")[0] for name in self.names.values())
        return list(dict.fromkeys(outer))


@cache
def places(architecture: Architecture, kind: str) -> Places:
    """Compare the layers of our head with those of the class of transformers, one by one.

    Both have the same layers in the same order, as `adapters` models its heads on those of
    transformers. For multiple choice, the pooler is the first layer of the head.

    Raises:
        UsageError: transformers builds the heads of this architecture differently.
    """
    if not architecture.has_plain(kind):
        raise UsageError(
            f"transformers builds heads of `{architecture.model_type}` differently, so they "
            "cannot be imported from it or exported to it",
            hint="use `artifact pack` to share a whole trained stage, for adapterxlt",
        )
    sizes = {architecture.key(key): 4 for key in _SMALL}
    config = config_class(architecture)(**sizes, pad_token_id=0)
    config.num_labels = _outputs(kind) or config.num_labels
    with torch.device("meta"), quiet():
        ours = adapter_class(architecture)(config)
        add_head(ours, "h", HeadSpec(kind=kind, labels=("a", "b"), task=""))
        theirs: nn.Module = getattr(transformers, plain_name(architecture, kind))(config)
    first = {id(tensor): name for name, tensor in theirs.named_parameters()}
    own = tensors.of_backbone(architecture)
    names = {}
    layers = list(_layers(ours, tensors.of_head("h")).items())
    plain = _layers(theirs, lambda name: not own(name))
    for (name, layer), (other, same) in zip(layers, plain.items(), strict=True):
        for part, _ in layer.named_parameters(recurse=False):
            place = first[id(getattr(same, part))]
            assert getattr(layer, part).shape == getattr(same, part).shape, (name, other)
            if not own(place):
                names[f"{name.removeprefix('heads.h.')}.{part}"] = place
    aliases = {
        name: first[id(tensor)]
        for name, tensor in theirs.named_parameters(remove_duplicate=False)
        if first[id(tensor)] != name
    }
    last = layers[-1][0].removeprefix("heads.h.")
    return Places(names, aliases, last, architecture.prefix)


def _outputs(kind: str) -> int | None:
    """Return the number of outputs of a kind of head, if it is fixed."""
    head = get_kind(kind).head
    return None if head is None else head.outputs


def _layers(model: nn.Module, belongs: tensors.Belongs) -> dict[str, nn.Module]:
    """Return the modules that have weights of their own, in order."""
    return {
        name: module
        for name, module in model.named_modules()
        if belongs(f"{name}.")
        and not any(module.children())
        and any(True for _ in module.parameters(recurse=False))
    }


def find_kind(
    architecture: Architecture, shapes: Mapping[str, tuple[int, ...]], told: str | None
) -> str | None:
    """Find the kind of head among tensors of transformers; None if there is no head.

    Args:
        shapes: the shapes of the tensors by name.
        told: the kind that the checkpoint says it has; None if it does not say.
    """
    if told is not None:
        return told if any(name in shapes for name in places(architecture, told).outputs) else None
    # Kinds that it refuses come last: theirs are among the rest.
    for kind in sorted(with_heads(), key=architecture.has_plain, reverse=True):
        where = places(architecture, kind)
        if {*where.names.values()} <= {where.aliases.get(name, name) for name in shapes}:
            several = "multiple_choice" if shapes.get("classifier.bias") == (1,) else kind
            return several if kind == "tagging" else kind
    return None


def to_plain(
    architecture: Architecture, head: Mapping[str, Tensor], name: str, kind: str
) -> dict[str, Tensor]:
    """Return the tensors of our head `name` under the names of transformers."""
    found = places(architecture, kind).names
    return {found[key.removeprefix(f"heads.{name}.")]: value for key, value in head.items()}


def from_plain(
    architecture: Architecture, found: Mapping[str, Tensor], name: str, kind: str
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Split off the tensors of a head, and give them the names of our head `name`.

    If a tensor has several names, only one is taken. Tensors that differ from it stay in the rest.

    Returns:
        The head's tensors, and the rest.
    """
    where = places(architecture, kind)
    rest = dict(found)
    for alias, first in where.aliases.items():
        if alias in rest and first not in rest and first != architecture.word_embeddings:
            rest[first] = rest.pop(alias)
        elif alias in rest and first in rest and torch.equal(rest[alias], rest[first]):
            del rest[alias]
    ours = {theirs: own for own, theirs in where.names.items()}
    head = {f"heads.{name}.{ours[key]}": rest.pop(key) for key in list(rest) if key in ours}
    return head, rest


def plain_config(backbone: Backbone, head: HeadSpec | None) -> Any:
    """Return the configuration of transformers for a backbone and a head with its labels."""
    config = config_of(backbone)
    config.architectures = [plain_name(backbone.architecture, head.kind if head else None)]
    if head is not None and head.labels:
        config.id2label = dict(enumerate(head.labels))
        config.label2id = {label: index for index, label in enumerate(head.labels)}
    if head is not None and (outputs := _outputs(head.kind)):
        config.num_labels = outputs
    found = get_kind(head.kind).head if head is not None else None
    if head is not None and head.multi_label:
        config.problem_type = "multi_label_classification"
    elif found is not None and found.problem is not None:
        config.problem_type = found.problem
    return config
