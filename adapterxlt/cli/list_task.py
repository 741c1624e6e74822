"""`adapterxlt list tasks NAME`: one task, and where its files are searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapterxlt.cli.listing import Listing, wrap


def one_task(task: Mapping[str, Any]) -> Listing:
    """List the file patterns of a task, by layout and split.

    Args:
        task: its record in the list of all tasks.
    """
    records: list[dict[str, object]] = [
        {
            "layout": layout,
            "split": split,
            "role": "" if role == "data" else role,
            "file": pattern,
        }
        for layout, files in task["files"].items()
        for split, roles in files.items()
        for role, pattern in roles.items()
    ]
    facts = {
        "kind": task["kind"],
        "languages": ", ".join(task["codes"]),
        "labels": ", ".join(task["labels"]),
        "trains on": str(task["trains on"]).strip("-"),
        "consists of": ", ".join(task["members"]),
        "metrics": ", ".join(task["metrics"]),
        "entry": task["origin"],
    }
    where = "Files are searched inside the data folders, by the first layout that has them."
    lines = [wrap(f"{key}: {value}", indent="") for key, value in facts.items() if value]
    return Listing(records, note="\n".join([wrap(where, indent=""), *lines]))
