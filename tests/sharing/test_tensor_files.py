"""Tensors of a file by their content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from adapterxlt.sharing.tensor_files import tensor_hashes


def test_tensor_hashes_do_not_depend_on_the_layout(tmp_path: Path) -> None:
    one, two = {"a": np.ones(3, np.float32), "b": np.zeros(2, np.float32)}, {}
    two = dict(reversed(one.items()))
    found = []
    for name, tensors, metadata in (("1", one, None), ("2", two, {"format": "pt"})):
        save_file(tensors, tmp_path / name, metadata=metadata)
        with (tmp_path / name).open("rb") as stream:
            found.append(tensor_hashes(stream, (tmp_path / name).stat().st_size, name))
    assert found[0] == found[1]
    assert (tmp_path / "1").read_bytes() != (tmp_path / "2").read_bytes()
