"""Complete examples of extensions: the modules that the tests in `tests/extending/` install."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.docs.markdown import details

TESTS = Path(__file__).resolve().parent.parent.parent / "tests" / "extending"
# The constants of a test that are the files of a package, and what each is.
FILES = {
    "SOURCE": ("The module", "python"),
    "KIND": ("The kind", "python"),
    "WORKINGS": ("Its workings", "python"),
    "READER": ("A reader of its files", "python"),
    "ENTRY": ("The entry of a task that uses it", "yaml"),
}


def example(name: str) -> str:
    """What a test installs, folded up.

    Args:
        name: of the test: `metric` of `test_metric.py`.
    """
    tree = ast.parse((TESTS / f"test_{name}.py").read_text(encoding="utf-8"))
    found = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    blocks = [
        f"{title}:\n\n```{language}\n{found[constant].strip()}\n```"
        for constant, (title, language) in FILES.items()
        if constant in found
    ]
    return details("A complete example", "\n\n".join(blocks))
