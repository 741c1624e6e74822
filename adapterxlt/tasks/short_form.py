"""Fills in what an entry leaves out.

A task whose files are all arranged in one way can say how at its top, without `layouts`:

    kind: tagging
    labels: [O, B-PER, I-PER]
    languages: [wol_Latn, yor_Latn]
    splits: [train, test]
    format: conll
    files: "ner/{lang}/{split}.txt"
"""

from __future__ import annotations

from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind

SPLITS = ("train", "dev", "test")
SPLIT = "{split}"
# Keys that an entry may leave out, since they follow from the rest.
FOLLOWS = ("name", "splits", "metrics", "main_metric")


def spelt_out(entry: dict[str, Any], layout_keys: set[str], name: str = "") -> dict[str, Any]:
    """An entry with its layout in `layouts`, and with what follows from the rest of it.

    Args:
        entry: of any content; what does not fit is left as it is, to be refused by the schema.
        layout_keys: the keys of a layout.
        name: what it is called if it does not say.
    """
    full = {"name": name, **entry} if name else dict(entry)
    alone = {key: full.pop(key) for key in list(full) if key in layout_keys and key != "name"}
    if alone and "layouts" not in full:
        full["layouts"] = [{"name": "files", **alone}]
    elif alone:
        full |= alone  # refused: they are not known beside `layouts`
    splits = full.get("splits")
    if isinstance(full.get("layouts"), (list, tuple)):
        full["layouts"] = [_split_files(layout, splits) for layout in full["layouts"]]
        if splits is None:
            there = {
                split
                for layout in full["layouts"]
                if isinstance(layout, dict) and isinstance(layout.get("files"), dict)
                for split in layout["files"]
            }
            full["splits"] = [*(s for s in SPLITS if s in there), *sorted(there - {*SPLITS})]
    full.setdefault("title", full.get("name", ""))
    if "train" in (full.get("splits") or ()):
        full.setdefault("train", full.get("name"))
    usual = _usual_metrics(str(full.get("kind")), bool(full.get("multi_label")))
    if usual:
        full.setdefault("metrics", usual)
    if isinstance(full.get("metrics"), (list, tuple)) and full["metrics"]:
        full.setdefault("main_metric", full["metrics"][0])
    return full


def _usual_metrics(kind: str, several: bool) -> tuple[str, ...]:
    """What is measured where the entry does not say; the first is the one that counts."""
    try:
        found = get_kind(kind)
    except UsageError:  # the schema tells
        return ()
    return found.metrics_of_several if several else found.metrics


def _split_files(layout: Any, splits: Any) -> Any:
    """`files: "x/{split}.csv"` as one pattern a split."""
    files = layout.get("files") if isinstance(layout, dict) else None
    roles = {"data": files} if isinstance(files, str) else files
    if not isinstance(roles, dict) or not any(
        isinstance(pattern, str) and SPLIT in pattern for pattern in roles.values()
    ):
        return layout
    listed = [split for split in splits or SPLITS if isinstance(split, str)]
    if set(roles) & {*SPLITS, *listed}:  # written by split already
        return layout
    by_split = {
        split: {
            role: pattern.replace(SPLIT, split) if isinstance(pattern, str) else pattern
            for role, pattern in roles.items()
        }
        for split in listed
    }
    return {**layout, "files": by_split}
