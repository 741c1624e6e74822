"""What is declared is what is used, what is pinned is what is declared, and a build is whole."""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parent.parent
# Distribution -> module, where the names differ.
MODULES = {
    "faiss-cpu": "faiss",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "sentence-transformers": "sentence_transformers",
}
# The extras that users install for a feature; the others are for development.
FEATURES = ("mteb", "ray", "s3", "sftp", "slurm", "zst")
# Part of another distribution, which pins it exactly.
PARTS = {"pydantic_core": "pydantic"}
# What transformers needs for its Trainer and XLM-R's tokenizer, and what fsspec needs for S3.
INDIRECT = {"accelerate", "datasets", "protobuf", "sentencepiece", "s3fs"}


def declared() -> dict[str, Requirement]:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    lines = config["options"]["install_requires"].split("\n")
    for extra in FEATURES:
        lines += config["options.extras_require"][extra].split("\n")
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name.lower(): requirement for requirement in found}


def pins(name: str) -> dict[str, str]:
    lines = (CHECKOUT / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {package.lower(): version for package, version in pairs}


def imported() -> set[str]:
    """Top-level modules the package imports, other than its own and Python's."""
    found = set()
    for path in (CHECKOUT / "adapterxlt").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    found -= {"adapterxlt", "__future__", *sys.stdlib_module_names}
    return {PARTS.get(module, module) for module in found}


def test_every_import_is_declared() -> None:
    modules = {MODULES.get(name, name) for name in declared()}
    assert imported() - modules == set()


def test_every_declared_package_is_used() -> None:
    used = imported()
    unused = {name for name in declared() if MODULES.get(name, name) not in used}
    assert unused - INDIRECT == set()


def test_every_dependency_is_pinned_within_its_range() -> None:
    tested, lowest = pins("constraints.txt"), pins("constraints-lowest.txt")
    for name, requirement in declared().items():
        assert requirement.specifier.contains(tested[name]), f"{name} in constraints.txt"
        assert requirement.specifier.contains(lowest[name]), f"{name} in constraints-lowest.txt"


def test_the_lowest_versions_are_the_floors() -> None:
    lowest = pins("constraints-lowest.txt")
    for name, requirement in declared().items():
        (floor,) = (spec.version for spec in requirement.specifier if spec.operator == ">=")
        if name != "torch":  # older builds come with gigabytes of CUDA: see tox.ini
            assert Version(lowest[name]) == Version(floor), name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel is packed from."""
    target = tmp_path_factory.mktemp("build") / "lib"
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", str(target)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    return target


def test_a_build_holds_what_ships(built: Path) -> None:
    package = built / "adapterxlt"
    for path in ("artifacts/backbones/mini", "artifacts/data/pocket", "recipes"):
        shipped = {file.name for file in (CHECKOUT / path).rglob("*") if file.is_file()}
        assert shipped
        assert {file.name for file in (package / "_bundled" / path).rglob("*")} >= shipped
    assert (package / "py.typed").is_file()
    entries = CHECKOUT / "adapterxlt" / "tasks" / "entries"
    assert {path.name for path in (package / "tasks" / "entries").iterdir()} == {
        path.name for path in entries.iterdir()
    }


def test_a_build_works_away_from_the_checkout(built: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", "-m", "adapterxlt", "plan", "quickstart"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(built)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "steps are done in runs" in result.stdout
