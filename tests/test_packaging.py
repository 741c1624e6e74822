"""What is declared is what is used, what is pinned is what is declared, and a build is whole."""

from __future__ import annotations

import ast
import configparser
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.version import Version

from adapterxlt import __version__

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
def dists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive; nothing stays in the checkout."""
    folder = tmp_path_factory.mktemp("dists")
    (folder / "egg").mkdir()
    command = [
        *(sys.executable, "setup.py", "--quiet"),
        *("egg_info", "--egg-base", str(folder / "egg")),
        *("build", "--build-base", str(folder / "build")),
        *("bdist_wheel", "--dist-dir", str(folder)),
        *("sdist", "--dist-dir", str(folder)),
    ]
    # While it works, `sdist` has a folder in the checkout, where another process may build too.
    lock = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:16]
    with FileLock(Path(tempfile.gettempdir(), f"adapterxlt-build-{lock}.lock")):
        subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def built(dists: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is unpacked to, as pip does."""
    (wheel,) = dists.glob("*.whl")
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_a_build_holds_what_ships(built: Path) -> None:
    package = built / "adapterxlt"
    for path in ("artifacts/backbones/mini", "artifacts/data/pocket", "recipes"):
        shipped = {file.name for file in (CHECKOUT / path).rglob("*") if file.is_file()}
        assert shipped
        assert {file.name for file in (package / "_bundled" / path).rglob("*")} >= shipped
    assert (package / "py.typed").is_file()
    for name in ("schemas", "tasks/entries"):
        shipped = {path.name for path in (CHECKOUT / "adapterxlt" / name).iterdir()}
        assert {path.name for path in (package / name).iterdir()} == shipped


def test_what_is_uploaded_is_small(dists: Path) -> None:
    sizes = {path.suffix: path.stat().st_size for path in dists.iterdir() if path.is_file()}
    assert sizes.keys() == {".whl", ".gz"}
    assert max(sizes.values()) < 25_000_000


def test_the_source_archive_has_what_a_wheel_is_built_from(dists: Path) -> None:
    (source,) = dists.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}
    for folder in ("adapterxlt", "artifacts", "recipes"):
        needed |= {
            path.relative_to(CHECKOUT).as_posix()
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
    assert needed - names == set()


def test_all_brings_every_feature_and_nothing_for_development() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    (line,) = extras["all"].strip().splitlines()
    development = {"test", "servers", "docs", "style", "typing"}
    assert Requirement(line).extras == set(extras) - development - {"all"}


def test_the_next_version_is_described() -> None:
    newest = re.search(r"^## \[(.+?)\]", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.M)
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text("utf-8"))
    assert newest is not None
    assert citation["version"] == newest[1]
    assert Version(newest[1]) >= Version(__version__)


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
