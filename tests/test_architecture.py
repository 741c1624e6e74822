"""The shape of the code: who imports whom, and what stays unimported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "adapterxlt"

# Layers from the bottom up: a module imports from its own and from lower ones only.
LAYERS = (
    (
        "__init__",
        "errors",
        "suggest",
        "progress",
        "bundled",
        "devices",
        "languages",
        "lfs",
        "lines",
        "plugins",
        "safetensors_header",
        "show",
    ),
    (
        "tasks",
        "store",
        "pocket",
        "method_table",
        "method_parser",
        "method_merge",
        "method_rules",
        "methods",
        "backbones",
    ),
    ("scoring",),
    (
        "recipe",
        "models",
        "retrieval.protocols",
        "report.rows",
        "report.file",
        "report.versions",
        "pretraining.config",
    ),
    ("batching",),
    ("training", "evaluation", "retrieval", "pretraining"),
    ("plan",),
    ("artifacts", "execution"),
    ("report", "doctor"),
    ("cli", "__main__"),
)
HEAVY = ("torch", "transformers", "adapters", "datasets", "accelerate", "sklearn", "faiss")


def modules() -> Iterator[tuple[str, ast.Module]]:
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
    """Index of the most specific entry of LAYERS that the module belongs to."""
    found = [
        (len(entry), index)
        for index, entries in enumerate(LAYERS)
        for entry in entries
        if name == entry or name.startswith(f"{entry}.")
    ]
    assert found, f"adapterxlt.{name} is in no layer: add it to LAYERS"
    return max(found)[1]


def test_only_models_imports_adapters() -> None:
    importers = {
        name
        for name, tree in modules()
        for imported in imports(tree)
        if imported.split(".")[0] == "adapters"
    }
    assert importers, "nothing imports adapters: is the search broken?"
    assert {name for name in importers if name.split(".")[0] != "models"} == set()


def test_nothing_imports_upward() -> None:
    upward = {
        f"{name} -> {imported}"
        for name, tree in modules()
        for imported in imports(tree)
        if imported.startswith("adapterxlt.")
        and (PACKAGE / imported.split(".")[1]).with_suffix(".py").is_file()
        | (PACKAGE / imported.split(".")[1]).is_dir()
        and layer(imported.removeprefix("adapterxlt.")) > layer(name)
    }
    assert upward == set()


def test_report_reads_rows_only() -> None:
    # `show` makes text fit for a terminal; files of results may be bad.
    own = ("adapterxlt.report", "adapterxlt.show", "adapterxlt.errors")
    reached = {
        imported
        for name, tree in modules()
        if name.startswith("report")
        for imported in imports(tree)
        if imported.startswith("adapterxlt.") and not imported.startswith(own)
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
        "adapterxlt.backbones",
        "adapterxlt.cli.list_",
        "adapterxlt.cli.plan",
        "adapterxlt.cli.run",
        "adapterxlt.cli.status",
        "adapterxlt.cli.validate",
        "adapterxlt.doctor",
        "adapterxlt.methods",
        "adapterxlt.plan.plan",
        "adapterxlt.recipe.load",
        "adapterxlt.report.tables",
        "adapterxlt.retrieval.protocols",
        "adapterxlt.scoring.xglue",
        "adapterxlt.scoring.xtreme",
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
