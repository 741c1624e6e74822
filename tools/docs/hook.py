"""What mkdocs calls while it builds the site (`hooks:` in mkdocs.yml)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))  # mkdocs loads this file by its path, and knows no package around it

from tools.docs.links import without_source_links  # noqa: E402
from tools.docs.parts import filled  # noqa: E402


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """A page's text, generated parts filled in, links to files of the checkout as their names."""
    return without_source_links(filled(markdown), ROOT / "docs" / page.file.src_uri, ROOT)
