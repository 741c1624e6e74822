"""From label names in files to indices into a task's `labels`."""

from __future__ import annotations

from adapterxlt.tasks.files import bad
from adapterxlt.tasks.find import Found

DROP = -1


class LabelIndex:
    """Looks labels up; knows the layout's other spellings and its marks for "no gold label"."""

    def __init__(self, found: Found) -> None:
        labels, layout = found.task.labels, found.layout
        self._labels = labels
        self._index = {label: index for index, label in enumerate(labels)}
        for alias, label in layout.label_aliases.items():
            self._index[alias] = labels.index(label)
        for mark in layout.unlabelled:
            self._index[mark] = DROP
        self._path = found.files["data"]

    def of(self, label: str, line: int) -> int:
        """Index of a label, DROP for a record without a gold label.

        Raises:
            MissingDataError: the label is outside the set; names file, line and the set.
        """
        index = self._index.get(label)
        if index is None:
            allowed = ", ".join(self._labels)
            raise bad(self._path, line, f"unknown label `{label}`", f"allowed: {allowed}")
        return index
