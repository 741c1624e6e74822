"""Bitext mining on two plain-text files, within a given memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapterxlt.errors import UsageError
from adapterxlt.lines import on_one_line
from adapterxlt.progress import Progress
from adapterxlt.retrieval.bucc import Candidates, check_finite, match, unscored_note
from adapterxlt.retrieval.corpus import Corpus, Filters, read_corpus
from adapterxlt.retrieval.protocols import Protocol
from adapterxlt.retrieval.workplace import TEXTS, VECTORS, check_inputs, held
from adapterxlt.search.kept import Kept
from adapterxlt.search.neighbours import Found, Report, check_index, find_neighbours
from adapterxlt.store.disk import writing
from adapterxlt.store.files import write_json
from adapterxlt.store.output import Output
from adapterxlt.vectors.on_disk import Precision, VectorFile, encode_to_files
from adapterxlt.vectors.tokens import tokenize
from adapterxlt.vectors.transforms import ReadyRows

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Bytes that the libraries and a model's forward pass take, before any text.
BASE_MEMORY = 1 << 30
# Bytes of memory per sentence that cannot be on disk: its place, tokens, neighbours and scores.
SENTENCE_MEMORY = 700


@dataclass(frozen=True)
class Settings:
    """How to mine.

    Args:
        protocol: pooling, margin, neighbours and retrieval.
        layer: hidden layer; None for the protocol's own.
        index: see `neighbours.IndexName`.
        threshold: pairs with a lower score are left out; None: those that do not score above 0.
        top: number of best pairs to write at most.
        memory: bytes to stay within.
        source: filters of the source side.
        target: filters of the target side.
        max_length: tokens per sentence at most.
        token_budget: padded tokens at most in one forward pass.
        precision: the precision of the vectors on disk.
        line_numbers: whether to write each sentence's line number too.
        gpus: see `find_neighbours`.
    """

    protocol: Protocol
    layer: int | None = None
    index: str = "auto"
    threshold: float | None = None
    top: int | None = None
    memory: int = 4 << 30
    source: Filters = field(default_factory=Filters)
    target: Filters = field(default_factory=Filters)
    max_length: int = 256
    token_budget: int = 8192
    precision: Precision = "float32"
    line_numbers: bool = False
    gpus: tuple[int, ...] | None = None

    @property
    def least(self) -> float | None:
        """The `least` of `bucc.match`: a threshold of 0 or less lets more pairs in."""
        return self.threshold if self.threshold is not None and self.threshold <= 0 else None


def mine_files(
    built: Built,
    source: Path,
    target: Path,
    out: Output,
    work: Path,
    settings: Settings,
    progress: Progress,
    *,
    keep: bool = True,
) -> dict[str, Any]:
    """Write scored pairs, best first: `score TAB source TAB target` on each line.

    Args:
        built: the encoder.
        source: text file with one sentence per line; it may be compressed.
        target: the other side.
        out: the file of pairs; it is only replaced when everything is done.
        work: folder for vectors and neighbours. The same call continues from what is there, even
            after a kill: from the last block of encoded sentences or of neighbours. Its files are
            named by the content they were made from, and only one run at a time uses it.
        settings: how to mine.
        progress: told what happens.
        keep: whether vectors and neighbours stay in `work` at the end.

    Returns:
        A summary: lines read and left out on both sides by reason, the index and its recall,
        pairs found, left out and written.

    Raises:
        MissingDataError: a file is empty, unreadable or not UTF-8.
        UsageError: the index is unknown, the memory does not suffice for so many sentences, or a
            text lies among the files of the work folder.
        AdapterXLTError: the disk is full.
    """
    check_index(settings.index)
    check_finite(settings.threshold, "the threshold")
    check_inputs(work, [source, target])
    with held(work, progress, keep=keep):
        with writing(work, surely=False):
            sides, layer, found = _search(built, source, target, work, settings, progress)
        protocol = settings.protocol
        pairs = match(
            found.forward, found.backward, protocol.margin, protocol.retrieval, settings.least
        )
        if note := unscored_note(pairs):
            progress.log(note)
        threshold = -np.inf if settings.threshold is None else settings.threshold
        kept = int(np.sum(pairs.scores >= threshold))
        written = kept if settings.top is None else min(kept, settings.top)
        _write(out, pairs, written, sides, settings.line_numbers)
    return {
        "source": {"file": str(source), **sides[0].counts, "kept": len(sides[0])},
        "target": {"file": str(target), **sides[1].counts, "kept": len(sides[1])},
        "protocol": settings.protocol.name,
        "layer": layer,
        "pooling": settings.protocol.bucc.pooling,
        "margin": settings.protocol.margin,
        "k": settings.protocol.k,
        "index": found.report.as_dict(),
        "pairs": {
            "found": len(pairs),
            "below threshold": len(pairs) - kept,
            "beyond top": kept - written,
            "written": written,
        },
        "threshold": settings.threshold,
        "lowest_score": float(pairs.scores[written - 1]) if written else None,
        "out": str(out.shown),
    }


def _search(
    built: Built, source: Path, target: Path, work: Path, settings: Settings, progress: Progress
) -> tuple[list[Corpus], int, Found]:
    """Return both sides' sentences, the layer of their vectors, and the neighbours."""
    sides = [
        read_corpus(path, work / TEXTS / f"{name}.txt", filters, progress)
        for name, path, filters in (
            ("source", source, settings.source),
            ("target", target, settings.target),
        )
    ]
    _check_memory(settings.memory, sum(map(len, sides)))
    layer = settings.layer
    if layer is None:
        layer = settings.protocol.bucc.layer.layer(built.model.config.num_hidden_layers)
    vectors = [
        _vectors(built, side, name, work, layer, settings, progress)
        for name, side in zip(("source", "target"), sides, strict=True)
    ]
    return sides, layer, _neighbours(vectors, work, settings, progress)


def _check_memory(memory: int, sentences: int) -> None:
    needed = BASE_MEMORY + sentences * SENTENCE_MEMORY
    if needed > memory:
        raise UsageError(
            f"{sentences} sentences need about {needed / (1 << 30):.1f} GB, but --memory allows "
            f"{memory / (1 << 30):.1f} GB",
            hint="allow more, or split the larger file and mine its parts",
        )


def _vectors(
    built: Built,
    corpus: Corpus,
    name: str,
    work: Path,
    layer: int,
    settings: Settings,
    progress: Progress,
) -> VectorFile:
    tokens = tokenize(built, corpus, settings.max_length)
    key = (layer, settings.protocol.bucc.pooling)
    return encode_to_files(
        built,
        tokens,
        work / VECTORS,
        keys=[key],
        token_budget=settings.token_budget,
        progress=progress,
        precision=settings.precision,
        label=f"encoding {name}",
    )[key]


def _neighbours(
    files: list[VectorFile], work: Path, settings: Settings, progress: Progress
) -> Found:
    """Find neighbours in both directions, and keep them in the work folder for the next call."""
    protocol = settings.protocol
    # An index gets half of the remaining memory; blocks and the rest need the other half.
    room = (settings.memory - BASE_MEMORY - SENTENCE_MEMORY * sum(map(len, files))) // 2
    identity = {
        "vectors": [str(file.path.relative_to(work / VECTORS)) for file in files],
        "k": protocol.k,
        "index": settings.index,
        "memory": room,
        "transform": protocol.transform,
        "scale": protocol.bucc.normalise,
        "version": 3,
    }
    name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]
    kept = Kept(work / VECTORS / f"neighbours-{name}")
    report_file = kept.folder / "report.json"
    if report_file.is_file() and (before := kept.load("found")):
        progress.log("the neighbours were already computed")
        forward_scores, forward_ids, backward_scores, backward_ids = before[1]
        report = Report(**json.loads(report_file.read_text(encoding="utf-8")))
        return Found((forward_scores, forward_ids), (backward_scores, backward_ids), report)
    source, target = (
        ReadyRows(file, protocol.transform, protocol.bucc.normalise) for file in files
    )
    found = find_neighbours(
        source,
        target,
        protocol.k,
        index=settings.index,
        memory=room,
        progress=progress,
        kept=kept,
        gpus=settings.gpus,
    )
    kept.save("found", 0, *found.forward, *found.backward)
    write_json(report_file, found.report.as_dict())
    kept.drop_others("found")
    return found


def _write(
    out: Output, pairs: Candidates, count: int, sides: list[Corpus], line_numbers: bool
) -> None:
    rows = (pairs.source_idx[:count], pairs.target_idx[:count])
    texts = (side.sentences(ids) for side, ids in zip(sides, rows, strict=True))
    lines = (side.lines[ids].tolist() for side, ids in zip(sides, rows, strict=True))
    with out.open_text() as stream:
        for score, left, right, left_line, right_line in zip(
            pairs.scores[:count].tolist(), *texts, *lines, strict=True
        ):
            fields = [f"{score:.6f}", on_one_line(left), on_one_line(right)]
            if line_numbers:
                fields[1:1] = [str(left_line), str(right_line)]
            stream.write("\t".join(fields) + "\n")
