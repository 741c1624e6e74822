"""A folder that another library wrote, as a recipe's `use` stage names it. No torch yet.

Its address is the same as after `artifact import`. It covers the content that is read, and what
the stage says about its head.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import UsageError
from adapterxlt.models.spec import HeadSpec
from adapterxlt.recipe.used import Used
from adapterxlt.sharing.foreign import foreign_parts, make_foreign
from adapterxlt.sharing.foreign_head import UNKNOWN, kind_for, order_for
from adapterxlt.sharing.foreign_read import read_foreign
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import take_in
from adapterxlt.stages.use.heads import usable_heads
from adapterxlt.stages.use.keys import UseStage
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import Task, catalogue, get_task


def look_at_foreign(
    path: Path, stage: UseStage, backbone: Backbone, tasks: Mapping[str, Task]
) -> Used:
    """Read such a folder, its weights not yet.

    Args:
        tasks: that its head may be said to predict.

    Raises:
        UsageError: the stage says what cannot be said of it.
        InvalidArtifactError: it cannot be read.
    """
    if stage.backbone_override:
        raise UsageError(
            f"{path}: was written by another library, which does not record the exact backbone",
            hint="leave out `backbone_override`",
        )
    read = read_foreign(path, backbone)
    if read.head is None and (stage.task or stage.labels):
        raise UsageError(f"{path}: has no head", hint="leave out `task` and `labels`")
    task = None if stage.task is None else get_task(stage.task, tasks)
    parts = foreign_parts(read, backbone, task=task, labels=stage.labels or ())
    spec: tuple[HeadSpec, ...] = ()
    if read.head is not None:
        spec = (
            HeadSpec(
                kind=kind_for(read.head, task),
                labels=order_for(read.head, task, stage.labels or ())[0],
                task=stage.task or UNKNOWN,
                multi_label=read.head.multi_label,
            ),
        )
    step = {key: parts[key] for key in ("kind", "params", "data", "inputs")}
    heads, headless = usable_heads(spec)
    if headless and spec and stage.task is None:
        headless = "its task is unknown; name it with `task`"
    full = read.method.is_full
    return Used(
        where=stage.use,
        fingerprint=address_of(parts),
        form="full" if full else "adapter",
        methods=() if full else (read.method,),
        on_full=full,
        heads=heads,
        headless=headless,
        own={task.name: task} if task is not None and task.home is not None else {},
        parts=parts,
        lineage=({"fingerprint": address_of(parts), **step},),
        note=read.note,
        top="" if full else address_of(parts),
    )


def make_used_foreign(
    path: Path, stage: UseStage, store: Store, backbone: Backbone, own: Mapping[str, Task]
) -> Manifest:
    """Make an artifact of another library's folder, under the address of the stage.

    Args:
        own: the user's task that its head predicts, by name, if it is such a one.
    """
    tasks = {**catalogue(), **own}
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        made = Path(aside) / "artifact"
        make_foreign(
            read_foreign(path, backbone),
            backbone,
            made,
            task=None if stage.task is None else get_task(stage.task, tasks),
            labels=stage.labels or (),
        )
        return take_in(FolderSource(made), store, backbone=backbone).manifest
