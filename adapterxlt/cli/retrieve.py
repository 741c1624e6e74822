"""`adapterxlt retrieve SRC TRG`: how well an encoder finds translations."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapterxlt.cli.options import (
    Finite,
    Whole,
    encoder_options,
    json_option,
    print_json,
)
from adapterxlt.cli.places import FilePath
from adapterxlt.devices import gpu_numbers
from adapterxlt.errors import UsageError

if TYPE_CHECKING:
    from adapterxlt.retrieval.protocols import Protocol
    from adapterxlt.retrieval.score import Scored
    from adapterxlt.tasks.find import Found
    from adapterxlt.vectors.names import Pooling

SIDES = ("source", "target")
_FILE = FilePath(path_type=Path, dir_okay=False)


@click.command()
@click.argument("source", metavar="SRC", type=_FILE)
@click.argument("target", metavar="TRG", type=_FILE)
@click.option(
    "--gold",
    type=_FILE,
    metavar="FILE",
    help="File of gold pairs to mine, as in BUCC: each line is `id TAB id`, and lines of SRC and "
    "TRG are `id TAB sentence`. With --vectors the ids are line numbers from 1.  [default: "
    "line i translates line i, as in Tatoeba]",
)
@click.option("--vectors", is_flag=True, help="Read SRC and TRG as .npy files of vectors.")
@click.option(
    "--protocol",
    default="jiant",
    show_default=True,
    metavar="NAME[+OPTION...]",
    help="Evaluation protocol, such as jiant+csls or xtreme-2020+whiten; see `adapterxlt list "
    "presets`.",
)
@encoder_options
@click.option(
    "--layers", metavar="N,...|all", help="Hidden layers to evaluate.  [default: the protocol's]"
)
@click.option(
    "--pooling", metavar="NAME,...|all", help="Poolings to evaluate.  [default: the protocol's]"
)
@click.option(
    "--threshold",
    type=Finite(),
    help="Margin threshold tuned on another split.  [default: tuned on --gold]",
)
@click.option(
    "--index",
    default="flat",
    show_default=True,
    metavar="NAME",
    help="Search index, as for `adapterxlt mine`.",
)
@click.option(
    "--max-length",
    type=Whole(3),
    default=512,
    show_default=True,
    help="Maximum length of a sentence in tokens; longer ones are cut.",
)
@click.option(
    "--save-vectors",
    type=FilePath(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write the vectors to .npy files in this folder, one row per line.",
)
@json_option
def command(
    source: Path,
    target: Path,
    gold: Path | None,
    vectors: bool,
    protocol: str,
    backbone: str | None,
    artifact: str | None,
    device: str | None,
    prefix: str | None,
    layers: str | None,
    pooling: str | None,
    threshold: float | None,
    index: str,
    max_length: int,
    save_vectors: Path | None,
    as_json: bool,
) -> None:
    """Measure how well an encoder, or your own vectors, finds translations.

    SRC and TRG are text files, or with --vectors .npy files. Without --gold, line i of TRG
    translates line i of SRC, and each line is searched among all lines of the other file; TRG is
    the English side. With --gold, translation pairs are mined and compared with the gold pairs.

    With several layers or poolings the command shows all scores and names the best combination.
    Choose layer, pooling and threshold on dev data, and pass them for the test data.
    """
    from adapterxlt.retrieval.protocols import get_protocol
    from adapterxlt.retrieval.score import MAIN, best_of, check_threshold
    from adapterxlt.search.neighbours import check_index

    rules = get_protocol(protocol)
    check_threshold(threshold, gold)
    check_index(index)
    if vectors:
        given = (backbone, artifact, device, prefix, layers, pooling, save_vectors)
        if any(option is not None for option in given):
            raise UsageError(
                "--vectors cannot be combined with an encoder",
                hint="leave out --backbone, --artifact, --device, --prefix, --layers, --pooling "
                "and --save-vectors",
            )
        grid = [_score_vectors(source, target, gold, rules, threshold, index)]
    else:
        grid = _score_texts(
            source, target, gold, rules, threshold, index,
            backbone=backbone, artifact=artifact, device=device, prefix=prefix, layers=layers,
            pooling=pooling, max_length=max_length, save=save_vectors,
        )  # fmt: skip
    metric = MAIN[gold is not None]
    best = best_of(grid, metric)
    if as_json:
        print_json(
            {
                "protocol": protocol,
                **({"prefix": prefix} if prefix else {}),
                "source": str(source),
                "target": str(target),
                "unit": "percent",
                "metric": metric,
                "grid": [scored.as_dict() for scored in grid],
                "best": best.as_dict(),
            }
        )
    else:
        _print(grid, best, metric)


def _score_vectors(
    source: Path,
    target: Path,
    gold: Path | None,
    rules: Protocol,
    threshold: float | None,
    index: str,
) -> Scored:
    from adapterxlt.cli.progress import open_progress
    from adapterxlt.retrieval.score import Scored, score_sides
    from adapterxlt.retrieval.sides import Sides, aligned, read_row_gold
    from adapterxlt.search.exact import check_sides
    from adapterxlt.vectors.on_disk import VectorFile

    left, right = VectorFile.open(source), VectorFile.open(target)
    check_sides(left, right, 1)
    sizes = len(left), len(right)
    if gold is None:
        sides = aligned(*sizes)
    else:
        sides = Sides(range(sizes[0]), range(sizes[1]), read_row_gold(gold, *sizes))
    values, report = score_sides(
        left.whole(),
        right.whole(),
        sides,
        rules,
        threshold=threshold,
        index=index,
        progress=open_progress(),
    )
    return Scored(None, None, values, report.as_dict() if report else None)


def _score_texts(
    source: Path,
    target: Path,
    gold: Path | None,
    rules: Protocol,
    threshold: float | None,
    index: str,
    *,
    backbone: str | None,
    artifact: str | None,
    device: str | None,
    prefix: str | None,
    layers: str | None,
    pooling: str | None,
    max_length: int,
    save: Path | None,
) -> list[Scored]:
    import numpy as np

    from adapterxlt.cli.encoder import open_encoder
    from adapterxlt.cli.progress import open_progress
    from adapterxlt.retrieval.protocols import choose_layers
    from adapterxlt.retrieval.score import score_grid
    from adapterxlt.retrieval.sides import aligned, from_mining
    from adapterxlt.store.disk import check_folder
    from adapterxlt.store.output import check_output
    from adapterxlt.tasks.readers.bitext import read_bitext_lines
    from adapterxlt.tasks.readers.mining import read_mining_tsv
    from adapterxlt.vectors.encode import encode_grid

    if save is not None:
        check_folder(save)
    files = {"source": source, "target": target}
    if gold is None:
        bitext = read_bitext_lines(_found("tatoeba", files))
        texts = (bitext.source, bitext.target)
        sides = aligned(len(bitext.source), len(bitext.target))
    else:
        mining = read_mining_tsv(_found("bucc2018", {**files, "gold": gold}))
        texts, sides = (mining.source, mining.target), from_mining(mining, str(gold))
    made = rules.tatoeba if gold is None else rules.bucc
    built = open_encoder(backbone, artifact, device)
    built.prefix = prefix or ""
    depth = built.model.config.num_hidden_layers
    progress = open_progress()
    chosen, poolings = choose_layers(_layers(layers), made, depth), _poolings(pooling, made.pooling)
    outputs = {
        (name, (layer, kind)): check_output(
            save / f"{name}.{layer}-{kind}.npy",
            inputs=[file for file in (source, target, gold) if file is not None],
            option="--save-vectors",
        )
        for name, layer, kind in itertools.product(SIDES, chosen, poolings)
        if save is not None
    }
    vectors = [
        encode_grid(
            built,
            side,
            layers=chosen,
            poolings=poolings,
            max_length=max_length,
            token_budget=8192,
            progress=progress,
            label=f"encoding {path.name}",
        )
        for side, path in zip(texts, (source, target), strict=True)
    ]
    for (name, key), output in outputs.items():
        with output.open() as stream:
            np.save(stream, vectors[SIDES.index(name)][key])
    return score_grid(
        vectors[0], vectors[1], sides, rules,
        threshold=threshold, index=index, gpus=gpu_numbers(device), progress=progress,
    )  # fmt: skip


def _found(name: str, files: dict[str, Path]) -> Found:
    from adapterxlt.tasks.catalogue import get_task
    from adapterxlt.tasks.find import Found

    task = get_task(name)
    return Found(task, "", task.splits[0], task.layouts[0], files)


def _layers(text: str | None) -> Any:
    if text is None or text == "all":
        return text
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--layers {text}: expected numbers such as 1,2 or `all`") from None


def _poolings(text: str | None, default: Pooling) -> list[Pooling]:
    from typing import get_args

    from adapterxlt.suggest import suggest
    from adapterxlt.vectors.names import Pooling

    known = get_args(Pooling)
    if text == "all":
        return list(known)
    names: list[Any] = text.split(",") if text else [default]
    for name in names:
        if name not in known:
            raise UsageError(f"`{name}` is not a pooling", hint=suggest(name, known))
    return names


def _place(scored: Scored) -> str:
    return f"layer {scored.layer}, {scored.pooling} pooling"


def _print(grid: list[Scored], best: Scored, metric: str) -> None:
    from adapterxlt.metrics.facts import facts_of
    from adapterxlt.report.console import print_table
    from adapterxlt.suggest import few

    rows = []
    for scored in grid:
        place = {} if scored.layer is None else {"layer": scored.layer, "pooling": scored.pooling}
        digits = {name: facts_of(name).digits for name in scored.values}
        rows.append(
            place
            | {
                name.replace("_", " "): f"{value:.{digits[name]}f}"
                for name, value in scored.values.items()
            }
        )
    print_table(rows)
    if len(grid) > 1:
        ties = [
            _place(scored)
            for scored in grid
            if scored is not best and scored.values[metric] == best.values[metric]
        ]
        also = f"; tied with {few(ties)}" if ties else ""
        click.echo(f"best {metric}: {best.values[metric]:.1f} at {_place(best)}{also}")
    if best.index and best.index["index"] != "flat":
        click.echo(f"index {best.index['index']}, recall@1 {best.index['recall_1']:.3f}")
