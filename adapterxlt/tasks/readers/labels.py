"""Turns label names in files into indices into a task's `labels`."""

from __future__ import annotations

import logging

from adapterxlt.suggest import closest, suggest
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.label_file import read_label_file
from adapterxlt.tasks.lookalikes import difference, same_to_the_eye
from adapterxlt.tasks.reading import bad

log = logging.getLogger(__name__)

DROP = -1


class LabelIndex:
    """Looks labels up; knows the layout's other spellings and its marks for "no gold label"."""

    def __init__(self, found: Found) -> None:
        layout = found.layout
        labels = found.task.labels
        if "labels" in found.files:
            labels = read_label_file(found.files["labels"], found.task)
        self._labels = labels
        self._index = {label: index for index, label in enumerate(labels)}
        for alias, label in layout.label_aliases.items():
            self._index[alias] = labels.index(label)
        for mark in layout.unlabelled:
            self._index[mark] = DROP
        self._drop_strange = layout.drop_strange
        self._path = found.files["data"]

    def __contains__(self, label: str) -> bool:
        """Whether it is a label in any of its spellings."""
        return label in self._index

    def of(self, label: str, line: int) -> int:
        """Return the index of a label; DROP for a record without a gold label.

        Raises:
            MissingDataError: the label is not in the set; the error names file, line and set.
        """
        index = self._index.get(label)
        if index is None and self._drop_strange:
            return DROP
        if index is None:
            many = len(self._labels) > 40
            allowed = suggest(label, self._labels) if many else ", ".join(self._labels)
            near = closest(label, self._labels)
            hint = allowed if many else f"allowed: {allowed}"
            if near is not None and not many:
                hint = f"did you mean `{near}`? {hint}"
            raise bad(self._path, line, f"unknown label `{label}`", self._meant(label) or hint)
        return index

    def _meant(self, label: str) -> str | None:
        """Return the label that this one resembles (other case, blanks at its ends), if any."""
        for known in self._labels:
            if same_to_the_eye(label, known):
                return f"did you mean `{known}`? Its {difference(label, known)}"
        folded = {known.casefold(): known for known in self._labels}
        meant = folded.get(label.casefold().strip())
        return f"did you mean `{meant}`?" if meant else None


def tell_dropped(found: Found, dropped: int) -> None:
    """Log how many records of a file were skipped, if any."""
    if dropped:
        log.info("%s: skipped %d records without a gold label", found.files["data"], dropped)
