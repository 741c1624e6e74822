"""Finds the tasks that a model predicts, and the head for each."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.spec import ModelSpec
from adapterxlt.recipe.heads import head_for
from adapterxlt.tasks.catalogue import Catalogue, Task, compatible, get_task, stand_in

_ENCODE = (
    "train a stage on the task that you want to predict; for sentence vectors, use `Model.encode` "
    "in Python"
)


class Heads:
    """The heads of a model.

    Args:
        name: the name under which the model was loaded.
        specs: the model's own; an ensemble has one for each member, and all predict the same.
        tasks: the catalogue of known tasks.
    """

    def __init__(self, name: str, specs: Sequence[ModelSpec], tasks: Catalogue) -> None:
        self._name, self._tasks = name, tasks
        self._each = [self._of(spec) for spec in specs]

    def task(self, name: str | None) -> Task:
        """The task with this name, or the task of the first head, if a head can predict it.

        Raises:
            UsageError: no head can predict it, or the task does not exist.
        """
        heads = self._each[0] if self._each else []
        if not heads:
            raise UsageError(f"{self._name}: has no head, so it predicts nothing", hint=_ENCODE)
        own = {task.name: task for task in heads}
        task = heads[0] if name is None else own.get(name) or get_task(name, self._tasks)
        if head_for(heads, task) is None:
            reasons = "; ".join(str(compatible(head, task)) for head in heads)
            raise UsageError(f"{self._name}: does not predict `{task.name}`: {reasons}")
        kind = get_kind(task.kind)
        if not kind.predicts:
            raise UsageError(
                f"{self._name}: was trained by {kind.words}, which only fills in hidden words",
                hint=_ENCODE,
            )
        return task

    def of(self, task: Task) -> list[str]:
        """Return for each member the task whose head predicts `task`, a result of `self.task`."""
        found = []
        for heads in self._each:
            head = head_for(heads, task)
            assert head is not None  # members of an ensemble predict the same
            found.append(head.name)
        return found

    def _of(self, spec: ModelSpec) -> list[Task]:
        """The tasks of a model's heads, from the catalogue or else as the model describes them."""
        found = []
        for head in spec.heads:
            entry = self._tasks.get(head.task)
            stood_in = stand_in(head.task, head.kind, head.labels, head.multi_label)
            fits = entry is not None and compatible(stood_in, entry) is None
            found.append(entry if entry is not None and fits else stood_in)
        return found
