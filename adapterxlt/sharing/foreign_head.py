"""Reads heads of other libraries: their kind, and the names of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.safetensors_header import read_shapes
from adapterxlt.sharing.foreign_config import read_config
from adapterxlt.sharing.foreign_kind import kind_of_problem, kind_of_type
from adapterxlt.show import brief
from adapterxlt.tasks.catalogue import Task

if TYPE_CHECKING:
    from adapterxlt.backbones.backbone import Backbone

UNKNOWN = "unknown"
MAX_LABELS = 10_000
MAX_LABEL = 200  # characters


@dataclass(frozen=True)
class ForeignHead:
    """A head as it was found.

    Args:
        name: what `adapters` calls it, a part of its tensors' names; "" for a head of a class of
            transformers.
        kind: what it predicts.
        labels: names of its outputs in order; () for those that have none.
        multi_label: whether an example may have several of them.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    multi_label: bool = False


def head_from_adapters(path: Path, weights: Path, backbone: Backbone) -> ForeignHead | str:
    """Read a `head_config.json`; of a head that we have not, why it must be left out.

    Args:
        weights: the file beside it that holds its tensors.

    Raises:
        InvalidArtifactError: it cannot be read.
    """
    found = read_config(path)
    config, name = found.get("config"), found.get("name")
    if config is None and isinstance(found.get("model_class"), str):
        return _static(found, path, weights, backbone)
    if not isinstance(config, dict) or not isinstance(name, str) or not 0 < len(name) <= MAX_LABEL:
        raise InvalidArtifactError(
            f"{path}: has neither a `config` with a `name` nor a `model_class`, so the head is "
            "unknown",
            hint="remove this file and the head's weights to import only the adapter",
        )
    said = brief(config.get("head_type"))
    ours, several = kind_of_type(said, config.get("num_labels"))
    if not ours:
        return f"its head has the type `{said}`, which is not supported"
    of_kind = get_kind(ours).head
    for key, value in (of_kind.form if of_kind else {}).items():
        if value == "tanh":  # what is built between layers is the architecture's own
            value = backbone.architecture.activation
        if config.get(key, value) != value:
            return f"its head has `{key}: {brief(config[key])}`, which is not supported"
    if get_kind(ours).tied_head:
        from adapterxlt.models.foreign_weights import UNTIED, untied
        from adapterxlt.models.plain_heads import places

        if untied(
            weights, f"heads.{name}.{places(backbone.architecture, ours).last}.weight", backbone
        ):
            return f"its head is not supported: {UNTIED}"
    return ForeignHead(name, ours, _labels(config, path) if _labelled(ours) else (), several)


def _static(
    found: dict[str, Any], path: Path, weights: Path, backbone: Backbone
) -> ForeignHead | str:
    """A head that is that of a class of transformers, saved with an adapter."""
    from adapterxlt.models.foreign_weights import unread_head
    from adapterxlt.models.head_classes import kinds_by_class

    said = brief(found["model_class"])
    kind = kinds_by_class(backbone.architecture).get(said)
    if kind is None:
        return f"its head belongs to `{said}`, which is not supported"
    names = {name: name for name in shapes_of(weights)}
    reason = unread_head(names, kind, backbone, weights)
    if reason:
        return f"its head, from `{said}`, is not supported: {reason}"
    kind = kind_of_problem(kind, None, found.get("num_labels"))[0]
    return ForeignHead("", kind, _labels(found, path) if _labelled(kind) else ())


def head_from_config(
    config: dict[str, Any], kind: str, outputs: int, path: Path
) -> ForeignHead | str:
    """A head of a class of transformers, with the labels that a `config.json` gives.

    Args:
        config: {} if there is none.
        outputs: number of rows of its last layer.

    Raises:
        InvalidArtifactError: the labels are not as many.
    """
    problem = config.get("problem_type")
    kind, several = kind_of_problem(kind, problem, outputs)
    if not kind:
        many = f" with {outputs} outputs" if problem == "regression" else ""
        return f"its head is for `{brief(problem)}`{many}, which is not supported"
    if not _labelled(kind):
        return ForeignHead("", kind, ())
    # transformers leaves out two labels that nobody named.
    names = config.get("id2label", dict(enumerate(numbered(outputs))))
    if isinstance(names, dict):
        names = {str(number): label for number, label in names.items()}
    if not isinstance(names, dict) or not all(isinstance(each, str) for each in names.values()):
        raise InvalidArtifactError(f"{path}: `id2label` does not map numbers to labels")
    if sorted(names) != sorted(map(str, range(outputs))) or len({*names.values()}) != outputs:
        raise InvalidArtifactError(
            f"{path}: `id2label` does not name {outputs} labels, one for each output of the head"
        )
    if outputs > MAX_LABELS or max(map(len, names.values())) > MAX_LABEL:
        raise InvalidArtifactError(f"{path}: `id2label` has too many or too long labels")
    labels = tuple(names[str(number)] for number in range(outputs))
    return ForeignHead("", kind, labels, several)


def _labels(config: dict[str, Any], path: Path) -> tuple[str, ...]:
    count, ids = config.get("num_labels"), config.get("label2id")
    if type(count) is not int or not 0 < count <= MAX_LABELS:
        raise InvalidArtifactError(f"{path}: `num_labels` is not a valid number of labels")
    if ids is None:
        return numbered(count)
    if not isinstance(ids, dict) or not all(type(number) is int for number in ids.values()):
        raise InvalidArtifactError(f"{path}: `label2id` does not give a number for each label")
    if sorted(ids.values()) != list(range(count)) or max(map(len, ids)) > MAX_LABEL:
        raise InvalidArtifactError(f"{path}: `label2id` does not name {count} labels")
    return tuple(sorted(ids, key=lambda label: int(ids[label])))


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of a safetensors file by its tensors' names.

    Raises:
        InvalidArtifactError: it is none.
    """
    try:
        return read_shapes(file)
    except (ValueError, OSError) as error:
        raise InvalidArtifactError(f"{file}: {error}") from None


def numbered(count: int) -> tuple[str, ...]:
    """Names of labels that nobody named."""
    return tuple(f"LABEL_{number}" for number in range(count))


def order_for(
    head: ForeignHead, known: Task | None, given: Sequence[str]
) -> tuple[tuple[str, ...], list[int]]:
    """Names of a head's outputs as its task has them, and where each lies in the file.

    Args:
        known: what it predicts, as the user says; None if unknown.
        given: names of its outputs in the order of the file, from the user.

    Raises:
        UsageError: they are not those of the task, or their order is unknown.
    """
    if given and len(given) != len(head.labels):
        raise UsageError(
            f"--labels names {len(given)} labels, but the head has {len(head.labels)} outputs"
        )
    names = tuple(given) or head.labels
    plain = list(range(len(names)))
    if known is None:
        return names, plain
    alike = get_kind(known.kind).head == get_kind(head.kind).head
    if not alike or known.multi_label != head.multi_label:
        raise UsageError(
            f"--task {known.name}: is {known.kind.replace('_', ' ')}, but the head is for "
            f"{_words(head.kind)}"
        )
    if not _labelled(head.kind):
        return (), []
    wanted = [label.casefold() for label in known.labels]
    there = [label.casefold() for label in names]
    if sorted(wanted) != sorted(there):
        raise UsageError(
            f"--task {known.name}: has the labels {', '.join(known.labels)}, the head "
            f"{', '.join(names[:20])}",
            hint="name the labels of the head's outputs in order with --labels",
        )
    return known.labels, [there.index(label) for label in wanted]


def kind_for(head: ForeignHead, known: Task | None) -> str:
    """The kind of a head: of several that have such a one, that of the task it is for."""
    return head.kind if known is None else known.kind


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _labelled(kind: str) -> bool:
    """Whether the outputs of such a head have names."""
    head = get_kind(kind).head
    return head is not None and head.labelled
