"""`mine`: find translation pairs in two texts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from adapterxlt.applying.load import load
from adapterxlt.applying.model import Model
from adapterxlt.arguments import check_number, check_real, check_text, path_text
from adapterxlt.devices import AUTO, check_device, gpu_numbers
from adapterxlt.errors import UsageError
from adapterxlt.lines import on_one_line
from adapterxlt.progress import Silent
from adapterxlt.retrieval.corpus import Filters
from adapterxlt.retrieval.mine import Settings, mine_files
from adapterxlt.retrieval.protocols import choose_layer, get_protocol
from adapterxlt.search.neighbours import check_index
from adapterxlt.show import brief
from adapterxlt.store.output import check_output
from adapterxlt.tasks.reading import check_file

Text = str | PathLike[str] | Iterable[str]
_ALL = Filters(max_chars=None)  # this function has no summary that could tell what was left out


@dataclass(frozen=True)
class MinedPair:
    """Two sentences that probably translate each other.

    Args:
        score: the margin score of the protocol; a higher score is more certain.
        source_index: number of the source sentence, from 0.
        target_index: number of the target sentence, from 0.
        source: the source sentence.
        target: the target sentence.
    """

    score: float
    source_index: int
    target_index: int
    source: str
    target: str


def mine(
    source: Text,
    target: Text,
    *,
    model: Model | str | PathLike[str] = "mini",
    protocol: str = "jiant",
    layer: int | None = None,
    threshold: float | None = None,
    top: int | None = None,
    index: str = "auto",
    device: str = AUTO,
) -> list[MinedPair]:
    """Find translation pairs in two texts.

    Every sentence is compared with all sentences of the other text by margin score, and each
    sentence is part of at most one pair. Of equal sentences only the first is compared, and blank
    ones are left out. Sentences of more than 256 tokens are cut. `adapterxlt mine` does the same
    for large files, and continues after an interruption. Unless `--max-chars` says otherwise, it
    leaves out lines of more than 2,000 characters.

    Args:
        source: a file with one sentence per line (plain or compressed), or the sentences.
        target: the other text, in the same form.
        model: a loaded model, or the name of one, as for `load`.
        protocol: protocol that sets layer, pooling, margin and neighbours
            (`adapterxlt list presets`).
        layer: a hidden layer instead of the protocol's.
        threshold: leave out pairs with a lower score; default: keep scores above 0.
        top: maximum number of pairs, at least 1; the best ones are kept.
        index: search index; `auto` chooses by size and memory, `flat` is exact.
        device: device for a model that is loaded by this call.

    Returns:
        The pairs, best first.

    Raises:
        MissingDataError: a file cannot be read.
        UsageError: the model is an ensemble, the protocol, layer or index does not exist, or
            `top` is below 1.

    Example:
        >>> pairs = xlt.mine(["Good morning.", "The dog sleeps."],
        ...                  ["Der Hund schläft.", "Guten Morgen."], protocol="jiant+distance")
        >>> sorted((pair.source_index, pair.target_index) for pair in pairs)
        [(0, 1), (1, 0)]
    """
    check_text(protocol, "protocol")
    chosen = get_protocol(protocol)
    check_index(index)
    check_device(device)
    for name, number in (("layer", layer), ("top", top)):
        if number is not None:
            check_number(number, name)
    if threshold is not None:
        check_real(threshold, "threshold")
    if top is not None and top < 1:
        raise UsageError(f"top={top}: it must be at least 1", hint="leave it out for all pairs")
    loaded = model if isinstance(model, Model) else load(model, device=device)
    built = loaded.encoder()
    settings = Settings(
        protocol=chosen,
        layer=choose_layer(layer, chosen.bucc, loaded.layers),
        index=index,
        threshold=threshold,
        top=top,
        source=_ALL,
        target=_ALL,
        line_numbers=True,
        gpus=gpu_numbers(device),
    )
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        folder = Path(aside)
        left = _file(source, folder / "source.txt", "source")
        right = _file(target, folder / "target.txt", "target")
        output = check_output(folder / "pairs.tsv")
        work = folder / "work"
        mine_files(built, left, right, output, work, settings, Silent(), keep=False)
        with output.path.open(encoding="utf-8", newline="\n") as file:
            return [_pair(line.removesuffix("\n").split("\t")) for line in file]


def _file(text: Text, place: Path, name: str) -> Path:
    """The file of a text; sentences are written to `place`, whose name no message may state."""
    if isinstance(text, str | PathLike):
        path = Path(path_text(text, name))
        check_file(path)
        return path
    if not isinstance(text, Iterable):
        raise UsageError(f"{name}: must be a file or sentences, not {brief(repr(text))}")
    with place.open("w", encoding="utf-8", newline="\n") as file:
        blank = True
        for number, sentence in enumerate(text):
            if not isinstance(sentence, str):
                raise UsageError(f"{name}: sentence {number} must be a string")
            file.write(f"{on_one_line(sentence)}\n")
            blank = blank and not sentence.strip()
    if blank:
        raise UsageError(f"{name}: has no sentence, or only blank ones", hint="give sentences")
    return place


def _pair(fields: list[str]) -> MinedPair:
    score, left, right, source, target = fields
    return MinedPair(float(score), int(left) - 1, int(right) - 1, source, target)
