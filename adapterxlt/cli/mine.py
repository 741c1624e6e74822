"""`adapterxlt mine SRC TRG --out PAIRS.tsv`: find translation pairs in two text files."""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from adapterxlt.cli.options import (
    Finite,
    Layer,
    Whole,
    encoder_options,
    json_option,
    print_json,
)
from adapterxlt.cli.places import FilePath
from adapterxlt.devices import gpu_numbers

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Size(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A number of bytes such as 4GB, 512MB or 1.5G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes of a size."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)i?B?", value.strip(), re.IGNORECASE)
        if found is None or not float(found[1]):
            self.fail(f"`{value}` is not a size such as 4GB or 512MB", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].upper()])


@click.command()
@click.argument("source", metavar="SRC", type=FilePath(path_type=Path))
@click.argument("target", metavar="TRG", type=FilePath(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="File for the pairs, best first; each line holds score, source and target, separated by "
    "tabs. `-` writes to stdout; .gz, .bz2, .xz and .zst compress.",
)
@encoder_options
@click.option(
    "--protocol",
    default="jiant",
    show_default=True,
    metavar="NAME[+OPTION...]",
    help="Protocol that sets layer, pooling, margin and neighbours, such as jiant+distance or "
    "xtreme-2020+whiten; see `adapterxlt list presets`.",
)
@click.option(
    "--layer", type=Layer(0), help="Hidden layer; 0 is the embeddings.  [default: the protocol's]"
)
@click.option(
    "--neighbours",
    "k",
    type=Whole(1),
    help="Number of nearest neighbours for the margin.  [default: the protocol's, 4]",
)
@click.option(
    "--index",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Search index: flat (exact), ivf-flat, ivf-sq8, ivf-pq or hnsw; auto chooses by size "
    "and memory.",
)
@click.option(
    "--threshold",
    type=Finite(),
    help="Leave out pairs that score less; distances can be negative.  [default: keep scores "
    "above 0]",
)
@click.option("--top", type=Whole(1), help="Keep at most this many pairs, the best ones.")
@click.option(
    "--src-lang", metavar="XX", help="Language of SRC; lines in another script are left out."
)
@click.option(
    "--trg-lang", metavar="XX", help="Language of TRG; lines in another script are left out."
)
@click.option(
    "--min-chars",
    type=Whole(1),
    default=1,
    show_default=True,
    help="Leave out lines with fewer characters.",
)
@click.option(
    "--max-chars",
    type=Whole(1),
    default=2000,
    show_default=True,
    help="Leave out lines with more characters.",
)
@click.option(
    "--max-length",
    type=Whole(3),
    default=256,
    show_default=True,
    help="Maximum length of a sentence in tokens; longer ones are cut.",
)
@click.option(
    "--memory", type=Size(), default="4GB", show_default=True, help="Upper limit for memory."
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="Precision of the vectors on disk.",
)
@click.option("--line-numbers", is_flag=True, help="Write the two line numbers after the score.")
@click.option(
    "--workdir",
    type=FilePath(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for vectors and neighbours; an interrupted command continues from it.  "
    "[default: FILE.work, removed at the end]",
)
@json_option
def command(
    source: Path,
    target: Path,
    out: Path,
    backbone: str | None,
    artifact: str | None,
    device: str | None,
    prefix: str | None,
    protocol: str,
    layer: int | None,
    k: int | None,
    index: str,
    src_lang: str | None,
    trg_lang: str | None,
    min_chars: int,
    max_chars: int,
    workdir: Path | None,
    as_json: bool,
    **others: Any,
) -> None:
    """Find translation pairs in two text files with one sentence per line.

    SRC and TRG are plain text or compressed (.gz, .bz2, .xz or .zst). The command compares every
    sentence with all sentences of the other file by margin score, and each sentence is part of at
    most one pair. Lines end at line feeds; other line breaks and tabs are written as spaces.

    If the command is interrupted, run it again to continue. Languages are only recognised by
    their script, so --src-lang cannot tell German from English.
    """
    from dataclasses import replace

    from adapterxlt.cli.progress import open_progress
    from adapterxlt.retrieval.protocols import choose_layer, get_protocol
    from adapterxlt.retrieval.scripts import scripts_of
    from adapterxlt.search.neighbours import check_index
    from adapterxlt.store.disk import check_folder
    from adapterxlt.store.output import check_output
    from adapterxlt.tasks.reading import check_file

    chosen = get_protocol(protocol)
    chosen = replace(chosen, k=k or chosen.k)
    check_index(index)
    for language in (src_lang, trg_lang):
        if language is not None:
            scripts_of(language)  # or it is refused, before a model is loaded
    for side in (source, target):
        check_file(side)
    output = check_output(out, inputs=(source, target))
    beside = out.with_name(f"{out.name}.work") if output.regular else None
    if (work := workdir or beside) is not None:
        check_folder(work)
    from adapterxlt.cli.encoder import open_encoder
    from adapterxlt.retrieval.corpus import Filters
    from adapterxlt.retrieval.mine import Settings, mine_files

    progress = open_progress()
    built = open_encoder(backbone, artifact, device)
    built.prefix = prefix or ""
    depth = built.model.config.num_hidden_layers
    settings = Settings(
        protocol=chosen,
        layer=choose_layer(layer, chosen.bucc, depth),
        index=index,
        gpus=gpu_numbers(device),
        source=Filters(src_lang, min_chars, max_chars),
        target=Filters(trg_lang, min_chars, max_chars),
        **others,
    )
    with ExitStack() as stack:
        if work is None:  # a streamed output cannot be continued, so its work folder is temporary
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adapterxlt-")))
        keep = workdir is not None
        summary = mine_files(built, source, target, output, work, settings, progress, keep=keep)
    if as_json:
        summary |= {"prefix": prefix} if prefix else {}
        print_json(summary, err=output.takes_stdout)
    else:
        _print(summary, err=output.takes_stdout)


def _print(summary: dict[str, Any], err: bool) -> None:
    for side in ("source", "target"):
        counts = dict(summary[side])
        name, lines, kept = counts.pop("file"), counts.pop("lines"), counts.pop("kept")
        left_out = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        reasons = f" ({left_out})" if left_out else ""
        click.echo(f"{name}: {kept} of {lines} lines{reasons}", err=err)
    index = summary["index"]
    recall = f", recall@1 {index['recall_1']:.3f} on {index['sample']}" if index["sample"] else ""
    click.echo(
        f"layer {summary['layer']}, {summary['pooling']} pooling, {summary['margin']} margin, "
        f"k {summary['k']}; index {index['index']} ({index['why']}{recall})",
        err=err,
    )
    pairs = dict(summary["pairs"])
    found, written = pairs.pop("found"), pairs.pop("written")
    left_out = ", ".join(f"{count} {what}" for what, count in pairs.items() if count)
    lowest = summary["lowest_score"]
    scored = f", lowest score {lowest:.4f}" if lowest is not None else ""
    click.echo(
        f"{summary['out']}: {written} of {found} pairs"
        + (f" ({left_out})" if left_out else "")
        + scored,
        err=err,
    )
