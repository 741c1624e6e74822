"""Fills in what an entry leaves out.

If all files of a task have one layout, the entry can give it at its top, without `layouts`:

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
    """Return an entry with its layout in `layouts`, and with the keys that follow from others.

    Args:
        entry: an entry with any content; the schema later refuses what does not fit.
        layout_keys: the keys of a layout.
        name: the task's name if the entry does not give it.
    """
    full = {"name": name, **entry} if name else dict(entry)
    alone = {key: full.pop(key) for key in list(full) if key in layout_keys and key != "name"}
    if alone and "layouts" not in full:
        full["layouts"] = [{"name": "files", **alone}]
    elif alone:
        full |= alone  # the schema refuses them, as they are unknown beside `layouts`
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
    """Return the metrics for an entry without `metrics`; the first is the main one."""
    try:
        found = get_kind(kind)
    except UsageError:  # the schema reports it
        return ()
    return found.metrics_of_several if several else found.metrics


def _split_files(layout: Any, splits: Any) -> Any:
    """Turn `files: "x/{split}.csv"` into one pattern per split."""
    files = layout.get("files") if isinstance(layout, dict) else None
    roles = {"data": files} if isinstance(files, str) else files
    if not isinstance(roles, dict) or not any(
        isinstance(pattern, str) and SPLIT in pattern for pattern in roles.values()
    ):
        return layout
    listed = [split for split in splits or SPLITS if isinstance(split, str)]
    if set(roles) & {*SPLITS, *listed}:  # already written by split
        return layout
    by_split = {
        split: {
            role: pattern.replace(SPLIT, split) if isinstance(pattern, str) else pattern
            for role, pattern in roles.items()
        }
        for split in listed
    }
    return {**layout, "files": by_split}
