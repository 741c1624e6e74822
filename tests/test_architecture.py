"""The shape of the code: who imports whom, and what stays unimported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "adapterxlt"

# Rooms from the bottom up: what is in one imports from its own room and from lower ones only.
# What stands on one line here does not need each other.
LAYERS = (
    (
        "__init__",
        "arguments",
        "errors",
        "suggest",
        "token_budget",
        "progress",
        "progress_lines",
        "bundled",
        "home",
        "devices",
        "hub_cache",
        "interrupt",
        "documents",
        "languages",
        "lfs",
        "lines",
        "order",
        "plugins",
        "safetensors_header",
        "show",
        "trackers",
    ),
    ("store",),
    ("search", "methods", "metrics"),
    ("kinds",),
    ("tasks", "backbones"),
    ("benchmarks", "results", "models"),
    ("vectors",),
    ("retrieval", "integrations"),
    ("recipe",),
    ("batching",),
    ("training", "evaluation"),
    ("plan",),
    ("sharing",),
    ("stages",),
    ("execution", "report", "applying"),
    ("doctor",),
    ("cli", "api"),
    ("__main__",),
)
HEAVY = ("torch", "transformers", "adapters", "datasets", "accelerate", "sklearn", "faiss")


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the package, by name without the package's."""
    return tuple(_parsed())


def _parsed() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module a module imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int:
    """Index in LAYERS of the room that the module belongs to."""
    room = name.partition(".")[0]
    found = [index for index, rooms in enumerate(LAYERS) if room in rooms]
    assert found, f"adapterxlt.{name} is in no layer: add its room to LAYERS"
    return found[0]


def test_only_models_imports_adapters() -> None:
    importers = {
        name
        for name, tree in modules()
        for imported in imports(tree)
        if imported.split(".")[0] == "adapters"
    }
    assert importers, "nothing imports adapters: is the search broken?"
    assert {name for name in importers if name.split(".")[0] != "models"} == set()


@cache
def uses() -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports, inside functions too."""
    parsed = dict(modules())
    found: dict[str, set[str]] = {}
    for name, tree in parsed.items():
        own = {i.removeprefix("adapterxlt.") for i in imports(tree) if i.startswith("adapterxlt.")}
        # Of `from room import thing`, both stand there; a module of that name is meant if it is.
        found[name] = {
            i
            for i in own
            if i in parsed and not any(j.startswith(f"{i}.") for j in own & parsed.keys())
        }
    return found


def test_nothing_imports_upward_nor_from_a_room_beside_it() -> None:
    wrong = {
        f"{name} -> {imported}"
        for name, all_imported in uses().items()
        for imported in all_imported
        if imported.partition(".")[0] != name.partition(".")[0]
        and layer(imported) >= layer(name) > 0
    }
    assert wrong == set()


def test_no_files_need_each_other() -> None:
    sorter = TopologicalSorter(uses())
    sorter.prepare()  # CycleError names the files


def test_report_reads_results_only() -> None:
    # `show` makes text fit for a terminal; files of results may be bad. `languages` knows codes,
    # and `suggest` the model that a wrong name may have meant.
    own = ("report", "results", "metrics", "show", "errors", "languages", "suggest")
    reached = {
        f"{name} -> {imported}"
        for name, all_imported in uses().items()
        if name.startswith("report")
        for imported in all_imported
        if imported.partition(".")[0] not in own
    }
    assert reached == set()


def test_nothing_is_unpickled() -> None:
    found = set()
    for name, tree in modules():
        found |= {
            f"{name}: {imported}"
            for imported in imports(tree)
            if imported.split(".")[0]
            in ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve")
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.load":
                found.add(f"{name}:{node.lineno}: torch.load")
            if (
                isinstance(node, ast.keyword)
                and node.arg in ("trust_remote_code", "allow_pickle")
                and ast.unparse(node.value) != "False"
            ):
                found.add(f"{name}:{node.value.lineno}: {node.arg}")
    assert found == set()


def loaded_by(code: str) -> set[str]:
    """Top-level modules that are loaded after running `code` in a new interpreter."""
    script = (
        f"import sys\n{code}\nprint('\\n' + ' '.join({{m.split('.')[0] for m in sys.modules}}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        timeout=600,
    )
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module",
    [
        "adapterxlt.api.recipes",
        "adapterxlt.applying.load",
        "adapterxlt.backbones",
        "adapterxlt.cli.list_",
        "adapterxlt.cli.plan",
        "adapterxlt.cli.run",
        "adapterxlt.cli.status",
        "adapterxlt.cli.validate",
        "adapterxlt.doctor",
        "adapterxlt.methods.checks",
        "adapterxlt.plan.plan",
        "adapterxlt.recipe.load",
        "adapterxlt.report.tables",
        "adapterxlt.retrieval.protocols",
        "adapterxlt.benchmarks.xglue",
        "adapterxlt.benchmarks.xtreme",
        "adapterxlt.store.store",
        "adapterxlt.tasks.catalogue",
        "adapterxlt.tasks.read",
    ],
)
def test_importing_stays_light(module: str) -> None:
    assert loaded_by(f"import {module}") & set(HEAVY) == set()


def run_cli(*arguments: str) -> str:
    return (
        "from adapterxlt.cli.main import cli\n"
        f"try: cli({list(arguments)!r}, prog_name='adapterxlt')\n"
        "except SystemExit as end: assert end.code == 0, end.code"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_hardly_anything(arguments: list[str]) -> None:
    loaded = loaded_by(run_cli(*arguments))
    assert "click" in loaded
    assert loaded & {*HEAVY, "numpy", "pydantic", "rich", "yaml", "huggingface_hub"} == set()


@pytest.mark.parametrize("what", ["tasks", "methods", "backbones", "recipes", "presets"])
def test_list_loads_nothing_heavy(what: str) -> None:
    assert loaded_by(run_cli("list", what)) & set(HEAVY) == set()


def test_the_package_itself_loads_nothing() -> None:
    loaded = loaded_by("import adapterxlt as xlt; dir(xlt); xlt.errors; xlt.PredictedLabel")
    assert loaded & {*HEAVY, "numpy", "pydantic", "rich", "yaml", "huggingface_hub"} == set()
