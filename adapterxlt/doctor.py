"""Checks the machine: versions, devices, data, backbones, disk. It changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.version import Version

from adapterxlt.backbones.find import BUNDLED, resolve_backbone
from adapterxlt.bundled import bundled
from adapterxlt.devices import gpu_count
from adapterxlt.errors import MissingBackboneError, MissingDataError
from adapterxlt.store.locks import has_flock
from adapterxlt.tasks.catalogue import catalogue
from adapterxlt.tasks.find import available_languages
from adapterxlt.tasks.roots import resolve_roots

MIN_FREE_BYTES = 2_000_000_000  # a few hundred adapters, or two fine-tuned large models

State = Literal["ok", "warn", "missing"]


@dataclass(frozen=True)
class Check:
    """One check and its result.

    Args:
        topic: `package`, `device`, `data`, `backbone` or `disk`.
        name: what exactly.
        state: `warn` works with limits, `missing` will make runs fail.
        detail: what was found, and what to do if it is not right.
    """

    topic: str
    name: str
    state: State
    detail: str


def examine(data: Sequence[str], workdir: Path) -> list[Check]:
    """Run every check.

    Args:
        data: data folders besides the bundled one.
        workdir: where results would go.
    """
    return [
        *check_installation(),
        *check_devices(),
        *check_data(("pocket", *data)),
        *check_backbones(),
        check_disk(workdir),
    ]


def check_installation() -> list[Check]:
    """Check the package itself and its requirements."""
    try:
        requirements = requires("adapterxlt") or ()
    except PackageNotFoundError:
        return [Check("package", "adapterxlt", "warn", "not installed; `pip install -e .` does it")]
    return [
        Check("package", "adapterxlt", "ok", version("adapterxlt")),
        *check_packages(requirements),
        *check_kernels(),
    ]


def check_kernels() -> list[Check]:
    """Whether transformers would let a model's configuration name code that is fetched and run.

    This program hands it no such key; others that use the same installation may.
    """
    try:
        found, transformers = version("kernels"), version("transformers")
    except PackageNotFoundError:
        return []
    if Version(transformers) >= Version("5.3"):
        return []
    detail = (
        f"{found}: together with it, transformers {transformers} can run code that a model's "
        "config.json names; remove it, or use transformers 5.3 or later"
    )
    return [Check("package", "kernels", "warn", detail)]


def check_packages(requirements: Sequence[str]) -> list[Check]:
    """Compare what is installed with what is required (extras are left out)."""
    checks = [Check("package", "python", "ok", platform.python_version())]
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        checks.append(_check_package(requirement))
    return checks


def _check_package(requirement: Requirement) -> Check:
    wanted = f"needs {requirement.specifier}"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Check("package", requirement.name, "missing", f"not installed, {wanted}")
    if requirement.specifier.contains(found, prereleases=True):
        return Check("package", requirement.name, "ok", found)
    return Check("package", requirement.name, "missing", f"{found}, {wanted}")


def check_devices() -> list[Check]:
    """Processors, threads and accelerators as torch sees them."""
    import torch

    checks = [
        Check(
            "device", "cpu", "ok", f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()}"
        )
    ]
    gpus = gpu_count()
    if not gpus:
        why = "none" if torch.version.cuda else "none (this torch is built for CPU only)"
        checks.append(Check("device", "cuda", "warn", f"{why}; models compute on the CPU"))
    for index in range(gpus):
        gpu = torch.cuda.get_device_properties(index)
        memory = f"{gpu.total_memory / 1e9:.0f} GB"
        checks.append(Check("device", f"cuda:{index}", "ok", f"{gpu.name}, {memory}"))
    if torch.backends.mps.is_available():
        checks.append(Check("device", "mps", "ok", "only used with --device mps"))
    return checks


def check_data(folders: Sequence[str]) -> list[Check]:
    """Which tasks and languages each data folder holds."""
    checks = []
    for name in folders:
        try:
            roots = resolve_roots([name], Path.cwd())
            tasks = _tasks_in(roots)
        except MissingDataError as error:
            checks.append(Check("data", name, "missing", str(error)))
            continue
        found = [f"{task} ({', '.join(splits)})" for task, splits in tasks.items()]
        detail = "; ".join(found) or f"there are no files of any task in {roots[0]}"
        checks.append(Check("data", name, "ok" if found else "warn", detail))
    return checks


def _tasks_in(roots: Sequence[Path]) -> dict[str, list[str]]:
    """Return the available splits of each task, with their numbers of languages."""
    tasks: dict[str, list[str]] = {}
    for task in catalogue().values():
        for split in task.splits:
            languages = available_languages(task, roots, split)
            if languages:
                many = languages[0] if len(languages) == 1 else f"{len(languages)} languages"
                tasks.setdefault(task.name, []).append(f"{split} {many}")
    return tasks


def check_backbones() -> list[Check]:
    """Whether the bundled backbones are whole."""
    checks = []
    for name in BUNDLED:
        try:
            found = resolve_backbone(name, bundled("artifacts"))
        except MissingBackboneError as error:
            checks.append(Check("backbone", name, "missing", str(error)))
        else:
            detail = f"{found.layers} layers, width {found.hidden_size}, {found.hash[:12]}"
            checks.append(Check("backbone", name, "ok", detail))
    return checks


def check_disk(workdir: Path) -> Check:
    """Whether the work folder can be written and locked, and how much space is left for it."""
    existing = workdir.absolute()
    while not existing.exists():
        existing = existing.parent
    if not os.access(existing, os.W_OK):
        return Check("disk", str(workdir), "missing", f"{existing} is not writable")
    free = shutil.disk_usage(existing).free
    state: State = "ok" if free >= MIN_FREE_BYTES else "warn"
    detail = f"{free / 1e9:.1f} GB free"
    if not has_flock(existing):
        state = "warn"
        detail += (
            "; this file system has no flock, so what a run locks stays locked if its machine dies,"
            " until you remove the file that a waiting run names"
        )
    return Check("disk", str(workdir), state, detail)
