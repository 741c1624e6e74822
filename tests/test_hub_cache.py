from __future__ import annotations

from pathlib import Path

from adapterxlt.hub_cache import blobs_of, id_of, repository_of


def test_a_snapshot_of_a_model() -> None:
    repository = Path("/c/models--FacebookAI--xlm-roberta-base")
    assert repository_of(repository / "snapshots" / "abc") == repository
    assert id_of(repository) == "FacebookAI/xlm-roberta-base"
    assert blobs_of(repository) == repository / "blobs"


def test_anything_else() -> None:
    for other in ("/c/datasets--a--b/snapshots/abc", "/c/models--a--b/blobs/abc", "/c", "/"):
        assert repository_of(Path(other)) is None
