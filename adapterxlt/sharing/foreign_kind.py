"""Finds the kind of tasks of another library's head, where a head serves several kinds."""

from __future__ import annotations

from adapterxlt.kinds.kind import Head
from adapterxlt.kinds.registry import get_kind, with_heads

_OF_SEVERAL = "multilabel_"  # before the type of a head of `adapters`
_SEVERAL = "multi_label_classification"  # as transformers calls it
_ONE = "single_label_classification"


def kind_of_type(said: str, outputs: object) -> tuple[str, bool]:
    """The kind of a head of `adapters`, and whether its examples have several labels.

    Args:
        said: its type. outputs: how many it has, as its configuration says.

    Returns:
        The first kind with such a head; "" if there is none.
    """
    several = said.startswith(_OF_SEVERAL)
    alike = [each for each in with_heads() if _type_of(each, several) == said]
    if several or not alike:
        return (alike[0] if alike else ""), several
    return kind_of_problem(alike[0], None, outputs)


def kind_of_problem(kind: str, problem: object, outputs: object) -> tuple[str, bool]:
    """The kind of a head that some class has, and whether examples have several labels.

    Where transformers has one class for several kinds of tasks, `problem_type` tells which;
    without it, what has one output predicts a number.

    Args:
        kind: the first with such a class. problem: as the head says; None if it does not.

    Returns:
        The kind; "" if there is none.
    """
    own = get_kind(kind).head
    heads = {each: head for each, head in with_heads().items() if _class_of(head) == _class_of(own)}
    if problem == _SEVERAL:
        return next((each for each in heads if get_kind(each).several), ""), True
    fixed = {each for each, head in heads.items() if head.problem and head.outputs == outputs}
    if problem is None:
        return next((each for each in heads if each in fixed), kind), False
    if problem == _ONE:
        return kind, False
    return next(
        (each for each in heads if each in fixed and heads[each].problem == problem), ""
    ), False


def _type_of(kind: str, several: bool) -> str:
    """What `adapters` calls the head of a kind; "" if an example of it never has several labels."""
    found = get_kind(kind)
    if found.head is None or (several and not found.several):
        return ""
    return (_OF_SEVERAL if several else "") + found.head.adapters


def _class_of(head: Head | None) -> str:
    return head.transformers if head else ""
