"""Finds executors by name: built-in ones, and those of other packages. No torch.

An entry names a function that takes `Options` and returns an `Executor`.
"""

from __future__ import annotations

from importlib import import_module

from adapterxlt import plugins
from adapterxlt.errors import UsageError
from adapterxlt.execution.executors.executor import Executor
from adapterxlt.execution.executors.options import Options
from adapterxlt.suggest import suggest

_HERE = "adapterxlt.execution.executors"
BUILT_IN = {
    "in-process": f"{_HERE}.in_process:make",
    "local": f"{_HERE}.local:make",
    "ray": f"{_HERE}.ray:make",
    "slurm": f"{_HERE}.slurm:make",
}
_ASKED = ("slots", "check", "start", "submit", "wait", "stop")


def names() -> list[str]:
    """The names of all executors."""
    return [*BUILT_IN, *plugins.added("executors", BUILT_IN, "executor")]


def find_executor(name: str, options: Options) -> Executor:
    """Return the executor with this name.

    Raises:
        UsageError: there is no such executor.
        PluginError: a package adds one that cannot be used.
    """
    known = names()
    if name not in known:
        raise UsageError(f"there is no executor `{name}`", hint=suggest(name, known))
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        built_in: Executor = getattr(import_module(module), attribute)(options)
        return built_in
    make = plugins.load("executors", name)
    made = make(options) if callable(make) else None
    if not all(hasattr(made, asked) for asked in _ASKED):
        entry = plugins.entries("executors")[name]
        raise plugins.PluginError(
            f"`{name}` of {plugins.origin(entry)} is not an executor",
            hint="its entry point must name a function that takes Options and returns an Executor",
        )
    found: Executor = made  # type: ignore[assignment]
    return found
